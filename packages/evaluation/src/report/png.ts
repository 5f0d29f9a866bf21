import { crc32, deflateSync } from 'node:zlib';
import { ShapeError } from '@fsc-clip/core';
import type { RgbImage } from '@fsc-clip/data';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Encodes RGB pixels as PNG (8 bits, no alpha, unfiltered rows).
 *
 * @throws ShapeError when the image is empty or does not hold three bytes per pixel
 * Source: the PNG specification (W3C, third edition), sections 5 and 11.
 */
export function encodePng({ data, width, height }: RgbImage): Buffer {
  const stride = width * 3;
  if (!(width > 0 && height > 0 && data.length === height * stride)) {
    throw new ShapeError({
      function: 'writeReport',
      argument: 'image',
      rule: 'must hold three bytes for each of its pixels, at least one',
      got: `${data.length} for ${width} × ${height}`,
    });
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // bits, RGB, deflate, adaptive filters, no interlace
  const rows = Buffer.alloc(height * (1 + stride)); // the first byte of each row is its filter: none
  for (let row = 0; row < height; row++) rows.set(data.subarray(row * stride, (row + 1) * stride), row * (1 + stride) + 1);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** The PNG as an address that holds the picture itself. */
export function pngAddress(image: RgbImage): string {
  return `data:image/png;base64,${encodePng(image).toString('base64')}`;
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(content.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
