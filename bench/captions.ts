import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, foldIn, type HostArray } from '@fsc-clip/core';
import { createTokenizer } from '@fsc-clip/models';
import { fscClip } from '@fsc-clip/negatives';
import { goldenDir } from '@fsc-clip/testdata';

/** Token ids of a caption and its three negatives, start and end included. */
export type TokenGroup = readonly (readonly number[])[];

/** COCO's captions of the golden set, each with the negatives that FSC-CLIP trains with: those that have all three. */
export function captionGroups(): string[][] {
  const { generate } = fscClip();
  const lines = readFileSync(join(goldenDir, 'negatives/records.jsonl'), 'utf8').trim().split('\n');
  const captions = new Set(lines.map((line) => (JSON.parse(line) as { caption: string }).caption));
  const texts = [...captions].map((caption, i) => [caption, ...generate(caption, foldIn(createKey(0), i))]);
  return texts.filter((group): group is string[] => group.every((text) => text !== null));
}

/** The same as CLIP's tokens. */
export function tokenGroups(): TokenGroup[] {
  const { encode } = createTokenizer();
  return captionGroups().map((group) => group.map(encode));
}

/** The texts of a batch as a loader gives them, i32 [N, T]: the captions of all images, then their negatives type-major. */
export function textsOf(groups: readonly TokenGroup[], contextLength: number): HostArray<Int32Array> {
  const rows = groups[0]!.flatMap((_, slot) => groups.map((group) => group[slot]!));
  const data = new Int32Array(rows.length * contextLength);
  for (const [i, ids] of rows.entries()) data.set(ids, i * contextLength);
  return { data, shape: [rows.length, contextLength] };
}
