import { transform } from 'esbuild';

/**
 * Splits CommonJS into chunks and leaves its syntax as it is. esbuild splits only ESM, and tsup's own conversion of ESM
 * chunks lowers `?.` and `??` to calls of helpers, which cost a third of a join.
 *
 * For a configuration that leaves `splitting` unset: tsup then splits ESM only.
 */
export function splitCommonJs() {
  return {
    name: 'split-common-js',
    esbuildOptions(options) {
      if (this.format === 'cjs') Object.assign(options, { format: 'esm', splitting: true });
    },
    async renderChunk(code, { type }) {
      if (this.format !== 'cjs' || type !== 'chunk') return;
      // `platform: 'node'` keeps `import()`, and names the exports for an ESM importer.
      return transform(code, { format: 'cjs', platform: 'node', target: this.options.target });
    },
  };
}

/**
 * Gives classes their own names back: esbuild writes a class that mentions itself as `var Name = class _Name`, and logs
 * would print `_Name`.
 */
export function ownClassNames() {
  return {
    name: 'own-class-names',
    renderChunk(code, { type }) {
      if (type !== 'chunk') return;
      const names = [...code.matchAll(/\bvar (\w+) = class _\1\b/g)].map(([, name]) => name);
      if (names.length === 0) return;
      return { code: code.replace(new RegExp(`(?<![\\w$.#])_(?=(?:${names.join('|')})\\b)`, 'g'), '') };
    },
  };
}

/** Gives these members short names, and lets esbuild write constants where they are used. */
export function shortNames(names) {
  return {
    name: 'short-names',
    esbuildOptions(options) {
      Object.assign(options, { mangleProps: new RegExp(`^(${names.join('|')})$`), minifySyntax: true });
    },
  };
}

/**
 * Writes the functions of a module as arrow functions, which are shorter once they are minified. They must not use `this` or
 * `arguments`, or be called while the module is evaluated before their place.
 */
export function arrowFunctions() {
  return {
    name: 'arrow-functions',
    renderChunk(code, { type }) {
      if (type !== 'chunk') return;
      const declarations = /^( *)(async )?function (\w+)(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)) \{$/gm;
      return { code: code.replace(declarations, '$1var $3 = $2$4 => {') };
    },
  };
}
