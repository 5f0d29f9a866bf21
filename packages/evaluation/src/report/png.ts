import { crc32, deflateSync } from 'node:zlib';
import { DataError, type HostArray, ShapeError } from '@fsc-clip/core';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Encodes RGB pixels as PNG (8 bits, no alpha, unfiltered rows).
 *
 * @param image - u8 [H, W, 3]
 * @throws ShapeError when `image` is not [H, W, 3], or empty
 * Source: the PNG specification (W3C, third edition), sections 5 and 11.
 */
export function encodePng(image: HostArray<Uint8Array>): Buffer {
  const [height = 0, width = 0, channels = 0] = image.shape;
  if (image.shape.length !== 3 || channels !== 3 || height < 1 || width < 1) {
    throw new ShapeError({ function: 'encodePng', argument: 'image', rule: 'must be [H, W, 3]', got: `[${image.shape.join(', ')}]` });
  }
  const stride = width * 3;
  if (image.data.length !== height * stride) {
    throw new DataError({
      function: 'encodePng',
      argument: 'image',
      rule: `must hold ${height * stride} bytes`,
      got: `${image.data.length}`,
    });
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // bits, RGB, deflate, adaptive filters, no interlace
  const rows = Buffer.alloc(height * (1 + stride)); // the first byte of each row is its filter: none
  for (let row = 0; row < height; row++) rows.set(image.data.subarray(row * stride, (row + 1) * stride), row * (1 + stride) + 1);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** The PNG as an address that holds the picture itself. */
export function pngAddress(image: HostArray<Uint8Array>): string {
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
