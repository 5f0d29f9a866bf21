import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { jpegHeader } from './jpeg-header.js';

const bytes = (...values: number[]) => Uint8Array.from([0xff, 0xd8, ...values]);
const frame = [0xff, 0xc2, 0, 11, 8, 0x01, 0x02, 0x03, 0x04, 4, 0];

describe('jpegHeader', () => {
  it('finds the frame behind other segments', () => {
    const comment = [0xff, 0xfe, 0, 5, 0xff, 0xc0, 7];
    const tables = [0xff, 0xc4, 0, 3, 9];
    expect(jpegHeader(bytes(...comment, ...tables, ...frame))).toEqual({ height: 0x0102, width: 0x0304, components: 4 });
  });

  it('agrees with the decoder', async () => {
    const image = sharp({ create: { width: 321, height: 12, channels: 3, background: 'red' } });
    for (const options of [{}, { progressive: true }, { chromaSubsampling: '4:4:4' }])
      expect(jpegHeader(await image.jpeg(options).toBuffer())).toEqual({ width: 321, height: 12, components: 3 });
    expect(jpegHeader(await image.clone().toColourspace('b-w').jpeg().toBuffer())?.components).toBe(1);
    expect(jpegHeader(await image.clone().toColourspace('cmyk').jpeg().toBuffer())?.components).toBe(4);
  });

  it.each([
    ['nothing', []],
    ['a frame that is cut short', frame.slice(0, 7)],
    ['bytes between segments', [0, ...frame]],
    ['a scan before the frame', [0xff, 0xda, 0, 3, 0, ...frame]],
    ['a segment beyond the end', [0xff, 0xe0, 0xff, 0xff, ...frame]],
  ])('leaves %s to the decoder', (_, rest) => expect(jpegHeader(bytes(...rest))).toBeUndefined());
});
