import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '../../scripts/compile.js';
import { works } from './machine.js';

const ROOT = new URL('../../', import.meta.url);
const CACHE = fileURLToPath(new URL('node_modules/.cache/bench/', ROOT));

/** Builds what is measured and what measures it; without Go what can be had without. */
export async function build() {
  const { folder: library } = await compile('bench/library', {
    index: 'src/index.ts',
    ws: 'src/ws.ts',
    uwebsockets: 'src/uwebsockets.ts',
    limits: 'src/rate-limits/index.ts',
    metrics: 'src/metrics/index.ts',
    rtc: 'src/sfu/gen/rtc.ts',
  });
  const tools = { library, rtc: join(library, 'rtc.mjs'), load: undefined, goRelay: undefined };
  if (!works('go', 'version')) return tools;
  tools.load = goBinary('load', './load');
  tools.goRelay = goBinary('go-relay', './peers/go-relay');
  return tools;
}

function goBinary(name, folder) {
  const binary = join(CACHE, name);
  const cwd = fileURLToPath(new URL('bench/', ROOT));
  execFileSync('go', ['build', '-buildvcs=false', '-o', binary, folder], { cwd, stdio: 'inherit' });
  return binary;
}
