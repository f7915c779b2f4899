import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../../scripts/compile.js';
import { works } from './machine.js';

const ROOT = new URL('../../', import.meta.url);
const CACHE = fileURLToPath(new URL('node_modules/.cache/bench/', ROOT));

/** Builds what is measured and what measures it; without Go what can be had without. */
export async function build() {
  const library = buildLibrary();
  const { folder } = await compile('bench/rtc', { rtc: 'src/sfu/ion/gen/rtc.ts' });
  const tools = { library, rtc: join(folder, 'rtc.mjs'), load: undefined, goRelay: undefined };
  if (!works('go', 'version')) return tools;
  tools.load = goBinary('load', './load');
  tools.goRelay = goBinary('go-relay', './peers/go-relay');
  return tools;
}

/** As it is shipped, ESM and CommonJS. */
function buildLibrary() {
  const folder = join(CACHE, 'library');
  rmSync(folder, { recursive: true, force: true });
  const cwd = fileURLToPath(ROOT);
  const tsup = join(cwd, 'node_modules/tsup/dist/cli-default.js');
  execFileSync(process.execPath, [tsup, '--no-dts', '--silent', '--out-dir', folder], {
    cwd,
    stdio: 'inherit',
  });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  return folder;
}

function goBinary(name, folder) {
  const binary = join(CACHE, name);
  const cwd = fileURLToPath(new URL('bench/', ROOT));
  execFileSync('go', ['build', '-buildvcs=false', '-o', binary, folder], { cwd, stdio: 'inherit' });
  return binary;
}
