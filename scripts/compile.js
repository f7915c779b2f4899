import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'tsup';

/** A test may contain this module. */
function rootAbove(url) {
  return existsSync(new URL('package.json', url)) ? url : rootAbove(new URL('..', url));
}

const ROOT = rootAbove(new URL('.', import.meta.url));
const pathOf = (path) => fileURLToPath(new URL(path, ROOT));

/**
 * Compiles modules of this repository, as they are at the moment, for what runs them.
 * @param name the folder in node_modules/.cache/, which is emptied before
 * @param entry the modules' paths, by the names to load them by
 * @param options what tsup is told besides
 */
export async function compile(name, entry, options = {}) {
  const folder = pathOf(`node_modules/.cache/${name}/`);
  await build({
    config: false,
    entry: Object.fromEntries(Object.entries(entry).map(([module, path]) => [module, pathOf(path)])),
    outDir: folder,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    noExternal: ['p-timeout'],
    silent: true,
    clean: true,
    outExtension: () => ({ js: '.mjs' }),
    ...options,
  });
  return { folder, load: (module) => import(pathToFileURL(join(folder, `${module}.mjs`)).href) };
}

/** Compiles and loads a module of test/, which finds its files as if it were where it was written. */
export async function loadTest(name, path) {
  const { load } = await compile(
    name,
    { [name]: path },
    {
      external: [/^[a-z]+-core$/, /^(io)?redis$/, 'tsup', 'vitest'],
      esbuildOptions(options) {
        const url = new URL(path, ROOT).href;
        options.define = { ...options.define, 'import.meta.url': JSON.stringify(url) };
      },
    },
  );
  return load(name);
}
