import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { cacheFolder } from './cache-folder.js';

it('is the folder of the system for such files, or the one that is named', () => {
  expect(cacheFolder('a', { FSC_CLIP_CACHE: '/mine', XDG_CACHE_HOME: '/xdg' }, 'linux', '/home/a')).toBe(join('/mine', 'a'));
  expect(cacheFolder('a', { FSC_CLIP_CACHE: 'here' }, 'linux', '/home/a')).toBe(resolve('here', 'a'));
  expect(cacheFolder('a', { XDG_CACHE_HOME: '/xdg' }, 'linux', '/home/a')).toBe(join('/xdg', 'fsc-clip', 'a'));
  expect(cacheFolder('a', {}, 'linux', '/home/a')).toBe(join('/home/a', '.cache', 'fsc-clip', 'a'));
  expect(cacheFolder('a', {}, 'darwin', '/Users/a')).toBe(join('/Users/a', 'Library', 'Caches', 'fsc-clip', 'a'));
  expect(cacheFolder('a', { LOCALAPPDATA: '/local' }, 'win32', '/Users/a')).toBe(join('/local', 'fsc-clip', 'a'));
});
