import { DataError } from '@fsc-clip/core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, openImage } from './decode-image.js';

const create = { width: 6, height: 4, channels: 4 as const, background: { r: 10, g: 200, b: 30, alpha: 0 } };
const png = () => sharp({ create }).png().toBuffer();

describe('decodeImage', () => {
  it('drops alpha and keeps the colours under it', async () => {
    const { data, width, height } = await decodeImage(await png());
    expect([width, height, data.length]).toEqual([6, 4, 72]);
    expect([...data.subarray(0, 3)]).toEqual([10, 200, 30]);
    const opened = await openImage(await png());
    expect([opened.mode, ...opened.data.subarray(0, 4)]).toEqual(['RGBA', 10, 200, 30, 0]);
  });

  it('refuses a picture that is too large before it is decoded', async () => {
    await expect(decodeImage(await png(), { maxPixels: 23, name: 'big.png' })).rejects.toThrow(
      'decodeImage: `big.png` must have at most 23 pixels, got 6×4',
    );
    await expect(decodeImage(await png(), { maxPixels: 24 })).resolves.toBeDefined();
  });

  it('refuses a picture with a side beyond what resizing can bear', async () => {
    const line = await sharp({ create: { ...create, width: 1, height: 65_536 } })
      .png()
      .toBuffer();
    await expect(decodeImage(line)).rejects.toThrow('must have at most 65535 pixels a side, got 1×65536');
  });

  it('refuses other formats, which libvips would open', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>');
    const tiff = await sharp({ create }).tiff().toBuffer();
    for (const bytes of [svg, tiff, new Uint8Array(0)])
      await expect(decodeImage(bytes)).rejects.toThrow('`image` must be a JPEG, PNG or WebP file');
  });

  it('refuses files that are cut short or not there', async () => {
    const whole = await sharp({ create: { ...create, width: 300, height: 300 } })
      .flatten()
      .jpeg()
      .toBuffer();
    for (const part of [0.2, 0.6, 0.9]) {
      await expect(decodeImage(whole.subarray(0, whole.length * part), { name: 'cut.jpg' })).rejects.toThrow('`cut.jpg` must be a whole');
    }
    await expect(decodeImage('/nowhere/cat.jpg')).rejects.toThrow(/`\/nowhere\/cat.jpg` must be a file that can be read, got ENOENT/);
    await expect(openImage('/nowhere/cat.jpg')).rejects.toBeInstanceOf(DataError);
  });
});
