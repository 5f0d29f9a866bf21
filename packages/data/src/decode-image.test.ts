import { deflateSync } from 'node:zlib';
import { createKey, DataError, randomStream } from '@fsc-clip/core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, openImage } from './decode-image.js';
import type { RgbImage } from './image.js';

const create = { width: 6, height: 4, channels: 4 as const, background: { r: 10, g: 200, b: 30, alpha: 0 } };
const bigEndian = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
/** PNG's check sum; zlib's own came with Node 20.15 and is not in its types. */
const crc32 = (bytes: Uint8Array) => {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
};
const png = () => sharp({ create }).png().toBuffer();

describe('decodeImage', () => {
  it('drops alpha and keeps the colours under it', async () => {
    const { data, width, height } = await decodeImage(await png());
    expect([width, height, data.length]).toEqual([6, 4, 72]);
    expect([...data.subarray(0, 3)]).toEqual([10, 200, 30]);
    const opened = await openImage(await png());
    expect([opened.mode, ...opened.data.subarray(0, 4)]).toEqual(['RGBA', 10, 200, 30, 0]);
  });

  it('takes the first frame of a GIF; palettes are resized by nearest neighbour, whatever is transparent', async () => {
    const frame = (background: string) =>
      sharp({ create: { width: 6, height: 4, channels: 4, background } })
        .png()
        .toBuffer();
    const gif = await sharp(await Promise.all(['#ff0000', '#00ff00'].map(frame)), { join: { animated: true } })
      .gif()
      .toBuffer();
    const { data, width, height } = await decodeImage(gif);
    expect([width, height, ...data]).toEqual([6, 4, ...Array(24).fill([255, 0, 0]).flat()]);
    const transparent = await openImage(await sharp({ create }).gif().toBuffer());
    expect([transparent.mode, ...transparent.data]).toEqual(['P', ...Array(72).fill(0)]);
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
      await expect(decodeImage(bytes)).rejects.toThrow('`image` must be a JPEG, PNG, WebP or GIF file');
  });

  it('refuses headers that promise more than there is', async () => {
    const chunk = (name: string, data: number[]) => {
      const body = Buffer.from([...Buffer.from(name), ...data]);
      return Buffer.concat([bigEndian(data.length), body, bigEndian(crc32(body))]);
    };
    const header = chunk('IHDR', [...bigEndian(60_000), ...bigEndian(60_000), 8, 2, 0, 0, 0]);
    const bomb = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), header, chunk('IDAT', [...deflateSync(Buffer.alloc(100))])]);
    await expect(decodeImage(bomb)).rejects.toThrow('must have at most 89478485 pixels, got 60000×60000');
  });

  it('of damaged bytes gives pixels or the named error, and reads no memory that is not its own', async () => {
    const image = sharp({ create: { ...create, width: 40, height: 30, noise: { type: 'gaussian', mean: 128, sigma: 30 } } });
    const files = await Promise.all((['jpeg', 'png', 'webp', 'gif'] as const).map((format) => image.toFormat(format).toBuffer()));
    const { integer } = randomStream(createKey(0));
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(files[round % files.length]!);
      for (let changes = integer(4); changes >= 0; changes--) bytes[integer(bytes.length)] = integer(256);
      const result = await decodeImage(bytes.subarray(0, integer(3) === 0 ? integer(bytes.length) : undefined), { maxPixels: 1e6 }).catch(
        (error: unknown) => error,
      );
      if (result instanceof DataError) continue;
      const { data, width, height } = result as RgbImage;
      expect(data.length).toBe(width * height * 3);
    }
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
