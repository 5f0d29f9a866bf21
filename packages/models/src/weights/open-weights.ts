import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { maxHeaderBytes } from '../safetensors/header.js';
import { readSafetensors, type SafetensorsFile } from '../safetensors/read-safetensors.js';

/** Weights whose numbers are read when they are asked for. */
export type LazyWeights = Params<() => Promise<HostArray>>;

/** Weights on disk under the names that the file gives them. */
export interface OpenWeights {
  readonly weights: LazyWeights;
  readonly metadata: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Opens one safetensors file, or the files that a `….safetensors.index.json` names. */
export async function openWeights(path: string): Promise<OpenWeights> {
  if (path.endsWith('.index.json')) return openShards(path);
  if (path.endsWith('.safetensors')) {
    const file = await readSafetensors(path);
    return { weights: lazily(Object.keys(file.entries), file), metadata: file.metadata, close: file.close };
  }
  throw new WeightsError({
    function: 'loadWeights',
    argument: path,
    rule: 'must end in .safetensors or .safetensors.index.json',
    hint: 'Other formats can be converted with safetensors.torch.save_file in Python',
  });
}

async function openShards(path: string): Promise<OpenWeights> {
  const files = new Map<string, SafetensorsFile>();
  const close = async () => void (await Promise.all([...files.values()].map((file) => file.close())));
  try {
    const shards = await readIndex(path);
    for (const [shard, names] of shards) {
      const file = await readSafetensors(join(dirname(path), shard));
      files.set(shard, file);
      const unlisted = Object.keys(file.entries).find((name) => !names.includes(name));
      const absent = names.find((name) => !file.entries[name]);
      if (unlisted === undefined && absent === undefined) continue;
      const got = absent === undefined ? `\`${unlisted}\` besides` : `no \`${absent}\``;
      throw new WeightsError({ function: 'loadWeights', argument: shard, rule: 'must hold the tensors that the index names', got });
    }
    const parts = [...shards].map(([shard, names]) => lazily(names, files.get(shard)!));
    const metadata = Object.assign(createParams<string>([]), ...[...files.values()].map((file) => file.metadata));
    return { weights: createParams(parts.flatMap((part) => Object.entries(part))), metadata, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Tensor names by shard. A shard is a plain file name beside the index: no folder, no way out. */
async function readIndex(path: string): Promise<Map<string, string[]>> {
  const refuse = (rule: string, got: string, cause?: unknown): never => {
    throw new WeightsError({ function: 'loadWeights', argument: path, rule, got, cause });
  };
  const shards = new Map<string, string[]>();
  let json: unknown;
  try {
    const { size } = await stat(path);
    if (size > maxHeaderBytes) refuse(`must be at most ${maxHeaderBytes} bytes long`, String(size));
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    refuse('must be a readable JSON file', cause instanceof Error ? cause.message : String(cause), cause);
  }
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return refuse('must have a `weight_map`', typeof map);
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || !/^[^/\\\0]+\.safetensors$/.test(shard) || basename(shard) !== shard)
      return refuse('must name .safetensors files beside it', JSON.stringify(shard));
    shards.set(shard, [...(shards.get(shard) ?? []), name]);
  }
  return shards;
}

function lazily(names: readonly string[], file: SafetensorsFile): LazyWeights {
  return createParams(names.map((name) => [name, () => file.read(name)] as const));
}
