// Our side of the images' part: `weights-images-child.ts FOLDER`.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, evalTransform, type RgbImage } from '@fsc-clip/data';

const folder = process.argv[2]!;
const files = readdirSync(folder)
  .sort()
  .map((file) => readFileSync(join(folder, file)));
const transform = evalTransform({ size: 224 });

const stages = { decode: Number.POSITIVE_INFINITY, transform: Number.POSITIVE_INFINITY };
const hash = createHash('sha256');
for (let pass = 0; pass < 20; pass++) {
  let [decode, transformed] = [0, 0];
  for (const file of files) {
    const start = performance.now();
    const image: RgbImage = await decodeImage(file);
    const decoded = performance.now();
    const { data } = transform(image);
    decode += decoded - start;
    transformed += performance.now() - decoded;
    if (pass === 0) hash.update(data);
  }
  stages.decode = Math.min(stages.decode, decode / files.length);
  stages.transform = Math.min(stages.transform, transformed / files.length);
}

// As `batches` does: two pictures at a time, so that one is decoded while another is resized.
let milliseconds = Number.POSITIVE_INFINITY;
for (let pass = 0; pass < 20; pass++) {
  const start = performance.now();
  const waiting = [...files];
  const load = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) transform(await decodeImage(file));
  };
  await Promise.all([load(), load()]);
  milliseconds = Math.min(milliseconds, (performance.now() - start) / files.length);
}
console.log(JSON.stringify({ milliseconds, stages, sha256: hash.digest('hex') }));
