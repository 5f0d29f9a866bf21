import { resolve } from 'node:path';
import { OptionError } from '@fsc-clip/core';
import { cacheFolder } from '@fsc-clip/core/files';

/** Compiled programs on disk, so that a later start does not trace again. */
export interface CacheOptions {
  /**
   * What the function computes and captures, in your words: a hash of the model's configuration, of the file of its frozen weights, the
   * version of your code. A closure cannot be looked into: **two functions that compute different things, or capture different tensors,
   * must have different keys**, or one is given the other's program. The rest is added by the engine: the function's source text,
   * trees, shapes and types of the arguments, `donate`, the device, the versions of the engine, onnxruntime and tfjs-core.
   */
  readonly key: string;
  /** A folder that only you can write in; made when it is not there. @defaultValue `defaultCacheFolder()` */
  readonly folder?: string;
  /** Beyond it the files that were not used for the longest time are deleted. @defaultValue 10e9 */
  readonly maxBytes?: number;
}

/** Where programs are kept: `$FSC_CLIP_CACHE/programs`, else `fsc-clip/programs` in the user's cache folder. */
export function defaultCacheFolder(): string {
  return cacheFolder('programs');
}

/**
 * The options with their defaults.
 *
 * @throws OptionError
 */
export function checkCacheOptions({ key, folder = defaultCacheFolder(), maxBytes = 10e9 }: CacheOptions): Required<CacheOptions> {
  const refuse = (argument: string, rule: string, got: unknown) => new OptionError({ function: 'jit', argument, rule, got: String(got) });
  if (typeof key !== 'string' || key === '') throw refuse('cache.key', 'must say what the function computes and captures', key);
  if (typeof folder !== 'string' || folder === '') throw refuse('cache.folder', 'must be the path of a folder', folder);
  if (!(typeof maxBytes === 'number' && maxBytes > 0)) throw refuse('cache.maxBytes', 'must be greater than 0', maxBytes);
  return { key, folder: resolve(folder), maxBytes };
}
