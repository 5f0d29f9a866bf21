import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * A folder for files that can be made or fetched again: `$FSC_CLIP_CACHE/<part>`, else `fsc-clip/<part>` in the user's cache folder.
 *
 * @example
 * cacheFolder('weights'); // e.g. ~/.cache/fsc-clip/weights
 */
export function cacheFolder(
  part: string,
  env: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
  home: string = homedir(),
): string {
  if (env['FSC_CLIP_CACHE']) return resolve(env['FSC_CLIP_CACHE'], part);
  const users = {
    darwin: join(home, 'Library', 'Caches'),
    win32: env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'),
  }[platform];
  return join(users ?? (env['XDG_CACHE_HOME'] || join(home, '.cache')), 'fsc-clip', part);
}
