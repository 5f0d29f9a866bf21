// Our side of the tokenizer's part: `weights-tokenizer-child.ts FOLDER`.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTokenizer } from '@fsc-clip/models';

const texts: string[] = JSON.parse(readFileSync(join(process.argv[2]!, 'captions.json'), 'utf8'));
const { encodeBatch } = createTokenizer();
const batches = Array.from({ length: Math.ceil(texts.length / 256) }, (_, i) => texts.slice(i * 256, (i + 1) * 256));

const hash = createHash('sha256');
for (const batch of batches) hash.update(encodeBatch(batch).data);

/** Captions a second over a time, whole passes only. */
function rate(seconds: number): number {
  const start = performance.now();
  let passes = 0;
  do {
    for (const batch of batches) encodeBatch(batch);
    passes++;
  } while (performance.now() - start < seconds * 1000);
  return (passes * texts.length * 1000) / (performance.now() - start);
}
rate(1);
console.log(JSON.stringify({ perSecond: rate(2), sha256: hash.digest('hex') }));
