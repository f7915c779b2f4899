import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'tsup';
import { works } from './machine.js';

const ROOT = new URL('../../', import.meta.url);
const CACHE = fileURLToPath(new URL('node_modules/.cache/bench/', ROOT));
const source = (path) => fileURLToPath(new URL(`src/${path}.ts`, ROOT));

/** Builds what is measured and what measures it; without Go what can be had without. */
export async function build() {
  const library = join(CACHE, 'library');
  await bundle({
    config: false,
    entry: {
      index: source('index'),
      ws: source('ws'),
      uwebsockets: source('uwebsockets'),
      limits: source('rate-limits/index'),
      metrics: source('metrics/index'),
      rtc: source('sfu/gen/rtc'),
    },
    outDir: library,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    noExternal: ['p-timeout'],
    silent: true,
    clean: true,
    outExtension: () => ({ js: '.mjs' }),
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
