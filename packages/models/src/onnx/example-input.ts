import { createKey, type HostArray, OptionError, randomStream } from '@fsc-clip/core';
import type { ClipConfig } from '../config/clip-config.js';

/** Three noisy pictures and five texts of random words: what shows a program its shapes, and what drift is measured at. */
export function exampleInput({ vision_cfg, text_cfg }: ClipConfig): { readonly images: HostArray; readonly texts: HostArray } {
  const { vocab_size, context_length } = text_cfg;
  if (context_length < shortestContext) {
    const rule = `must have a context_length of at least ${shortestContext}`;
    throw new OptionError({ function: 'exportOnnx', argument: 'model', rule, got: String(context_length) });
  }
  const random = randomStream(createKey(0));
  const pixels = [3, 3, vision_cfg.image_size, vision_cfg.image_size];
  const images = { data: Float32Array.from({ length: pixels.reduce((a, b) => a * b) }, () => random.normal()), shape: pixels };
  const length = Math.min(16, context_length - 3); // shown at up to two more, and always padded
  const [start, end] = [vocab_size - 2, vocab_size - 1];
  const rows = Array.from({ length: 5 }, () => {
    const words = Array.from({ length: random.integer(length - 1) }, () => random.integer(start));
    return [start, ...words, ...new Array<number>(length).fill(end)].slice(0, length);
  });
  return { images, texts: { data: Int32Array.from(rows.flat()), shape: [rows.length, length] } };
}

const shortestContext = 5;
