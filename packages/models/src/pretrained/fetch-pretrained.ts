import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OptionError } from '@fsc-clip/core';
import { cacheFolder } from '@fsc-clip/core/files';
import { refuser } from '../files/refuse.js';
import { nearest } from '../weights/nearest.js';
import { type DownloadOptions, download } from './download.js';
import { hub, type PretrainedArchitecture, type PretrainedFile, type PretrainedTag, pretrained } from './manifest.js';

/** Options of `fetchPretrained`. */
export interface FetchPretrainedOptions extends DownloadOptions {
  /** @defaultValue the first that the tag has: 'ViT-B-32' for `openai` and `datacomp_xl_s13b_b90k` */
  readonly architecture?: PretrainedArchitecture;
  /** Where files are kept, and looked for first. @defaultValue `$FSC_CLIP_CACHE/weights`, else `fsc-clip/weights` in the user's cache folder */
  readonly folder?: string;
  /**
   * Address of a server that has the files under the paths of their own addresses; only such an address may be http.
   * @defaultValue `$FSC_CLIP_MIRROR`; for files of huggingface.co then `$HF_ENDPOINT`
   */
  readonly mirror?: string;
  /** Download nothing: what is not on disk is an error. @defaultValue whether `HF_HUB_OFFLINE` is 1 */
  readonly offline?: boolean;
}

/**
 * Finds a checkpoint in the cache, or downloads it into it: resumed where it broke, checked by size and, where it is known, by SHA-256.
 *
 * @returns the file's path
 * @throws OptionError for an unknown tag; WeightsError, which says what to do, when the file cannot be had
 * @example
 * const path = await fetchPretrained('openai', { onProgress: ({ receivedBytes }) => console.log(receivedBytes) });
 */
export async function fetchPretrained(tag: PretrainedTag, options: FetchPretrainedOptions = {}): Promise<string> {
  const file = findPretrained('fetchPretrained', tag, options.architecture);
  const path = join(options.folder ?? cacheFolder('weights'), file.path);
  const address = addressOf(file.address, options.mirror);
  const refuse = refuser('fetchPretrained', path);
  const found = await stat(path).catch(() => undefined);
  if (found) {
    if (file.sizeBytes !== undefined && found.size !== file.sizeBytes)
      refuse(`must have ${file.sizeBytes} bytes`, String(found.size), { hint: 'Delete it, and it is downloaded again' });
    return path;
  }
  if (options.offline ?? process.env['HF_HUB_OFFLINE'] === '1')
    refuse('must be there to be opened offline', 'no such file', { hint: `Bring it there from ${address}` });
  await download('fetchPretrained', address, path, file, options);
  return path;
}

/**
 * What is known about a checkpoint.
 *
 * @throws OptionError for an unknown tag, or an architecture that it does not have
 */
export function findPretrained(caller: string, tag: PretrainedTag, architecture?: PretrainedArchitecture): PretrainedFile {
  const refuse = (argument: string, rule: string, got: string, hint: string): never => {
    throw new OptionError({ function: caller, argument, rule, got, hint });
  };
  const files: readonly PretrainedFile[] = pretrained.filter((file) => file.tag === tag);
  const tags = [...new Set(pretrained.map((file) => file.tag))];
  const [first] = files;
  if (!first)
    return refuse('tag', 'must be a known checkpoint', `'${tag}'`, `The nearest is ${nearest(tag, tags)}; all of them: ${tags.join(', ')}`);
  if (architecture === undefined) return first;
  const known = files.map((file) => file.architecture).join(', ');
  return (
    files.find((file) => file.architecture === architecture) ??
    refuse('architecture', 'must be one that the tag has', architecture, `It has ${known}`)
  );
}

function addressOf(address: string, given: string | undefined): string {
  const forHub = address.startsWith(`${hub}/`) ? process.env['HF_ENDPOINT'] : undefined;
  const mirror = given ?? (process.env['FSC_CLIP_MIRROR'] || forHub);
  if (!mirror) return address;
  if (!URL.canParse(mirror) || !/^https?:$/.test(new URL(mirror).protocol))
    throw new OptionError({ function: 'fetchPretrained', argument: 'mirror', rule: 'must be an address of http or https', got: mirror });
  return mirror.replace(/\/+$/, '') + new URL(address).pathname;
}
