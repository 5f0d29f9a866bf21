import { isAbsolute, relative, resolve, sep } from 'node:path';

/** `path` taken from `root`, or undefined when it leads outside: names in a file are not trusted to reach other folders. */
export function pathBelow(root: string, path: string): string | undefined {
  if (path === '' || path.includes('\0')) return undefined;
  const full = resolve(root, path);
  const inside = relative(root, full);
  return inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? undefined : full;
}
