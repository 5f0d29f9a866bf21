import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WeightsError } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { reason, refuser } from '../files/refuse.js';
import { maxHeaderBytes } from '../safetensors/header.js';
import { readSafetensors } from '../safetensors/read-safetensors.js';
import { readTorch } from '../torch/read-torch.js';
import { findStateDict } from '../torch/state-dict.js';
import { describeValue, type TorchValue } from '../torch/torch-value.js';
import type { LazyWeights } from './lazy-weights.js';

/** Weights on disk under the names that the file gives them. */
export interface OpenWeights {
  readonly weights: LazyWeights;
  readonly metadata: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Opens one file, safetensors or PyTorch's, or the files that a `….index.json` names. */
export async function openWeights(path: string): Promise<OpenWeights> {
  if (path.endsWith('.index.json')) return openShards(path);
  if (path.endsWith('.safetensors')) return openSafetensors(path);
  if (/\.(pt|pth|bin|ckpt)$/.test(path)) return openTorch(path);
  return refuser('loadWeights', path)('must end in .safetensors, .pt, .pth, .bin, .ckpt or .index.json', 'another name');
}

async function openSafetensors(path: string): Promise<OpenWeights> {
  const file = await readSafetensors(path);
  const weights = Object.entries(file.entries).map(
    ([name, { shape, dtype }]) => [name, { shape, dtype, read: () => file.read(name) }] as const,
  );
  return { weights: createParams(weights), metadata: file.metadata, close: file.close };
}

async function openTorch(path: string): Promise<OpenWeights> {
  const file = await readTorch(path);
  const found = findStateDict(file.value);
  if (!found) {
    await file.close();
    const rule = 'must hold weights: a dictionary of tensors, or one under `state_dict`';
    return refuser('loadWeights', path)(rule, describeValue(file.value));
  }
  const weights = [...found].map(
    ([name, tensor]) => [name, { shape: tensor.shape, dtype: tensor.dtype, read: () => file.read(tensor) }] as const,
  );
  return { weights: createParams(weights), metadata: textsOf(file.value), close: file.close };
}

/** The header that `saveWeights` puts beside the weights. */
function textsOf(value: TorchValue): Readonly<Record<string, string>> {
  const metadata = value instanceof Map ? value.get('metadata') : undefined;
  if (!(metadata instanceof Map)) return {};
  const texts = [...metadata].filter((entry): entry is [string, string] => entry.every((part) => typeof part === 'string'));
  return createParams(texts);
}

async function openShards(path: string): Promise<OpenWeights> {
  const files = new Map<string, OpenWeights>();
  const close = async () => void (await Promise.all([...files.values()].map((file) => file.close())));
  try {
    const shards = await readIndex(path);
    for (const [shard, names] of shards) {
      const file = await openWeights(join(dirname(path), shard));
      files.set(shard, file);
      const unlisted = Object.keys(file.weights).find((name) => !names.includes(name));
      const absent = names.find((name) => !file.weights[name]);
      if (unlisted === undefined && absent === undefined) continue;
      const got = absent === undefined ? `\`${unlisted}\` besides` : `no \`${absent}\``;
      refuser('loadWeights', shard)('must hold the tensors that the index names', got);
    }
    const parts = [...files.values()];
    const metadata = Object.assign(createParams<string>([]), ...parts.map((file) => file.metadata));
    return { weights: createParams(parts.flatMap((file) => Object.entries(file.weights))), metadata, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Tensor names by shard. A shard is a plain file name beside the index: no folder, no way out. */
async function readIndex(path: string): Promise<Map<string, string[]>> {
  const refuse = refuser('loadWeights', path);
  const shards = new Map<string, string[]>();
  let json: unknown;
  try {
    const { size } = await stat(path);
    if (size > maxHeaderBytes) refuse(`must be at most ${maxHeaderBytes} bytes long`, String(size));
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    refuse('must be a readable JSON file', reason(cause), { cause });
  }
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return refuse('must have a `weight_map`', typeof map);
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || !/^[^/\\\0]+\.(safetensors|bin|pt)$/.test(shard) || basename(shard) !== shard)
      return refuse('must name .safetensors or .bin files beside it', String(JSON.stringify(shard)));
    const names = shards.get(shard);
    if (names) names.push(name);
    else shards.set(shard, [name]);
  }
  return shards;
}
