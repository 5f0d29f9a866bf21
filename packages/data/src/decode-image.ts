import { readFile } from 'node:fs/promises';
import { DataError } from '@fsc-clip/core';
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { OpenedImage, RgbImage } from './image.js';
import { type JpegHeader, jpegHeader } from './jpeg-header.js';
import { cmykToRgb } from './resize-opened.js';

/** Options of `decodeImage` and `openImage`. */
export interface DecodeOptions {
  /** How the file is called in messages. @defaultValue the path, or `image` for bytes */
  readonly name?: string;
  /** Larger pictures are refused before they are decoded. @defaultValue 89478485, Pillow's limit */
  readonly maxPixels?: number;
}

/** What has to be known before decoding. */
type Header = Pick<Metadata, 'format' | 'width' | 'height' | 'space' | 'hasAlpha' | 'isPalette' | 'bitsPerSample'> & Partial<JpegHeader>;

const MAX_PIXELS = 89_478_485;
/** JPEG's own limit. A PNG of one pixel by millions would make a resized picture or a filter of gigabytes. */
const MAX_SIDE = 65_535;

/**
 * Decodes a JPEG, PNG, WebP or GIF to RGB, byte for byte as Pillow's `Image.open(f).convert("RGB")`: alpha is dropped (colours under
 * transparency stay), ICC profiles and EXIF orientation are ignored, of an animation the first frame counts. Two things differ: 16-bit PNG,
 * which Pillow clips at 255 and which are divided by 256 here, and what a GIF marks as transparent, which is black here.
 *
 * @param source - a path or the bytes of a file
 * @returns RGB pixels
 * @throws DataError naming the file when it is missing, cut short, of another format, or larger than `maxPixels`
 * @example
 * const { data, width, height } = await decodeImage('cat.jpg');
 */
export async function decodeImage(source: string | Uint8Array, options: DecodeOptions = {}): Promise<RgbImage> {
  const { file, space, width, height } = await open('decodeImage', source, options);
  const data = space === 'cmyk' ? cmykToRgb(await file.cmyk()) : await file.rgb();
  return { data, width, height };
}

/**
 * Decodes like `decodeImage`, but keeps the mode that Pillow would open the file in, for pipelines that resize before they convert to RGB
 * (open_clip's evaluation, and this method's reference on CSV data).
 */
export async function openImage(source: string | Uint8Array, options: DecodeOptions = {}): Promise<OpenedImage> {
  const { file, bytes, ...metadata } = await open('openImage', source, options);
  const { width, height, space } = metadata;
  if (space === 'cmyk') return { data: await file.cmyk(), width, height, mode: 'CMYK' };
  if (hasAlphaChannel(bytes, metadata)) return { data: await file.rgba(), width, height, mode: 'RGBA' };
  const nearest = metadata.isPalette || metadata.bitsPerSample === 1;
  return { data: await file.rgb(), width, height, mode: nearest ? 'P' : 'RGB' };
}

/** PNG and GIF may mark a colour as transparent without an alpha channel: the mode stays RGB, L or P. The third bit of a PNG's colour type tells. */
function hasAlphaChannel(bytes: Uint8Array, { format, hasAlpha }: Header): boolean {
  return hasAlpha === true && format !== 'gif' && (format !== 'png' || (bytes[25]! & 4) !== 0);
}

let tuned = false;
/**
 * Two switches that libvips has for the whole process, set once. It remembers its last hundred operations and holds on to their files, though no file comes
 * twice; and it gives each picture as many threads as there are cores, which small pictures only wait for: several at a time are the better use.
 */
function tuneLibvips(): void {
  if (tuned) return;
  sharp.cache(false);
  sharp.concurrency(1);
  tuned = true;
}

async function open(caller: string, source: string | Uint8Array, { name, maxPixels = MAX_PIXELS }: DecodeOptions) {
  const argument = name ?? (typeof source === 'string' ? source : 'image');
  const refuse = (rule: string, cause?: unknown, got = cause instanceof Error ? cause.message.trim() : undefined): never => {
    throw new DataError({ function: caller, argument, rule, ...(got !== undefined && { got }), ...(cause !== undefined && { cause }) });
  };
  const bytes =
    typeof source === 'string' ? await readFile(source).catch((cause) => refuse('must be a file that can be read', cause)) : source;
  // libvips opens far more (SVG, PDF, TIFF…); from untrusted data only what the loaders of the field take.
  if (!isRasterFile(bytes)) refuse('must be a JPEG, PNG, WebP or GIF file', undefined, `${bytes.length} bytes of something else`);
  tuneLibvips();
  const notWhole = (cause: unknown) => refuse('must be a whole JPEG, PNG, WebP or GIF file', cause);
  const pipeline = () => sharp(bytes, { ignoreIcc: true, failOn: 'error', limitInputPixels: Number.isFinite(maxPixels) && maxPixels });
  const header: Header = describeJpeg(bytes) ?? (await sharp(bytes, { limitInputPixels: false }).metadata().catch(notWhole));
  const { width, height } = header;
  if (width * height > maxPixels) refuse(`must have at most ${maxPixels} pixels`, undefined, `${width}×${height}`);
  if (Math.max(width, height) > MAX_SIDE) refuse(`must have at most ${MAX_SIDE} pixels a side`, undefined, `${width}×${height}`);
  const pixels = async (channels: number, prepare: (pipeline: Sharp) => Sharp): Promise<Uint8Array> => {
    const data = await prepare(pipeline()).raw().toBuffer().catch(notWhole);
    return data.length === width * height * channels ? data : notWhole(new Error(`${data.length} bytes of pixels for ${width}×${height}`));
  };
  const file = {
    // Of a colour JPEG the pixels are RGB already; to say so would cost a twentieth of the time.
    rgb: () => pixels(3, (image) => (header.components === 3 ? image : image.toColourspace('srgb').removeAlpha())),
    rgba: () => pixels(4, (image) => image.toColourspace('srgb')),
    // Without `pipelineColourspace` the channels would go through a colour profile.
    cmyk: () => pixels(4, (image) => image.pipelineColourspace('cmyk').toColourspace('cmyk')),
  };
  return { ...header, file, bytes };
}

/** What sharp would say of an ordinary JPEG. */
function describeJpeg(bytes: Uint8Array): Header | undefined {
  const header = jpegHeader(bytes);
  return header && { ...header, format: 'jpeg', space: header.components === 4 ? 'cmyk' : 'srgb', hasAlpha: false, isPalette: false };
}

function isRasterFile(bytes: Uint8Array): boolean {
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
  return (
    jpeg || /^GIF8[79]a$/.test(ascii(0, 6)) || ascii(0, 8) === '\x89PNG\r\n\x1a\n' || (ascii(0, 4) === 'RIFF' && ascii(8, 12) === 'WEBP')
  );
}
