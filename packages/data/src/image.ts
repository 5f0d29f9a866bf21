/** RGB pixels, one byte a channel, row by row: `data` is [height, width, 3]. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What a sample's picture can be: a file's path, a file's bytes, pixels, or a function that draws or fetches the pixels. */
export type ImageSource = string | Uint8Array | RgbImage | (() => RgbImage | Promise<RgbImage>);

/** Pixels in the mode that the file has, for resizing before the conversion to RGB. */
export interface OpenedImage {
  /** [height, width, 3]; [height, width, 4] for `RGBA` and `CMYK`. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /**
   * Pillow's mode as far as it matters to resizing: `RGB` (also gray), `RGBA` (also gray with alpha; premultiplied while resizing),
   * `CMYK`, and `P` (palette or one bit: nearest neighbour; the pixels are RGB here).
   */
  readonly mode: 'RGB' | 'RGBA' | 'CMYK' | 'P';
}

/** A rectangle in whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels with their mode; those of your own are RGB. */
export function withMode(image: RgbImage | OpenedImage): OpenedImage {
  return 'mode' in image ? image : { ...image, mode: 'RGB' };
}
