// Writes a folder with a package.json for each subpath (`sfu-relay/ws`: `ws/package.json`), or removes them. Tools that do
// not read "exports" find the subpaths by them: TypeScript with `moduleResolution: node`, Parcel 2, older Metro. The
// folders are there while the package is packed, and nowhere else.
//
// usage: node scripts/subpath-folders.js [--remove]
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

for (const [subpath, conditions] of Object.entries(exports)) {
  if (subpath === '.' || typeof conditions === 'string') continue;
  const folder = fileURLToPath(new URL(subpath, root));
  rmSync(folder, { recursive: true, force: true });
  if (process.argv.includes('--remove')) continue;
  const manifest = {
    main: `.${conditions.require.default}`,
    module: `.${conditions.import.default}`,
    types: `.${conditions.import.types}`,
    sideEffects: false,
  };
  mkdirSync(folder);
  writeFileSync(`${folder}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
}
