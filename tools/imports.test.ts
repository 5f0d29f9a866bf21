import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Which packages a package may import: the arrows of the house, one way only. `core` is its root, `core/files`, `core/numbers` and `core/worker`. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  engine: ['core', 'core/tensor'],
  losses: ['core', 'core/tensor'],
  models: ['core', 'core/tensor'],
  negatives: ['core'],
  data: ['core'],
  distributed: ['core'],
  training: ['core', 'core/tensor', 'engine', 'losses', 'models', 'distributed'],
  evaluation: ['core', 'core/tensor', 'engine', 'losses', 'models', 'data'],
};

const packages = readdirSync(join(root, 'packages'));

interface Import {
  readonly file: string;
  readonly specifier: string;
}

/** The published sources of a package: tests and their fixtures are not. */
function sourcesOf(name: string): string[] {
  const files = readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => /\.(ts|mjs)$/.test(file) && !/\.(test|fixture)/.test(file)).map((file) => `packages/${name}/src/${file}`);
}

/** What they import. */
function importsOf(name: string): Import[] {
  return sourcesOf(name).flatMap((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
    return importedFiles.map(({ fileName }) => ({ file, specifier: fileName }));
  });
}

const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier);

describe('imports', () => {
  it('has a rule for every package', () => {
    expect(packages.toSorted()).toEqual(Object.keys(arrows).toSorted());
  });

  it.each(packages)('%s imports only what it may, by public names', (name) => {
    const own = importsOf(name).filter(({ specifier }) => specifier.startsWith('@fsc-clip/'));
    const allowed = new Set(arrows[name]!.map((target) => `@fsc-clip/${target}`));
    if (allowed.has('@fsc-clip/core')) for (const part of ['files', 'numbers', 'worker']) allowed.add(`@fsc-clip/core/${part}`);
    expect(own.filter(({ specifier }) => !allowed.has(specifier))).toEqual([]);
  });

  it.each(packages)('%s never leaves its folder by a path', (name) => {
    const depth = (file: string) => file.split('/').length - 4;
    const escapes = importsOf(name).filter(
      ({ file, specifier }) => specifier.startsWith('.') && specifier.split('../').length - 1 > depth(file),
    );
    expect(escapes).toEqual([]);
  });

  it.each(packages)('%s declares what it imports, and uses what it declares', (name) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const imported = new Set(
      importsOf(name)
        .map(({ specifier }) => specifier)
        .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier))
        .map(packageOf),
    );
    imported.delete('tsx'); // only where TypeScript is the target: in this repository
    expect([...imported].filter((dependency) => !declared.includes(dependency))).toEqual([]);
    const texts = sourcesOf(name).map((file) => readFileSync(join(root, file), 'utf8'));
    expect(declared.filter((dependency) => !texts.some((text) => text.includes(`'${dependency}`)))).toEqual([]);
  });
});
