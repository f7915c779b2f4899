import { defineConfig, type Options } from 'tsup';
import { arrowFunctions, ownClassNames, shortNames, splitCommonJs } from './scripts/build-plugins.js';
import { CLIENT_NAMES } from './scripts/client-names.js';

const common = {
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  // p-timeout is ESM only: bundled, so that require() works on every Node 20.
  noExternal: ['p-timeout'],
  external: [/^node:/],
  // What is marked @internal is for the library's own modules.
  dts: { compilerOptions: { ignoreDeprecations: '6.0', stripInternal: true } },
} satisfies Options;

export default defineConfig([
  // Both formats share chunks between entries: every entry has the same RelayError.
  {
    ...common,
    entry: {
      index: 'src/index.ts',
      ws: 'src/adapters/ws.ts',
      uwebsockets: 'src/adapters/uwebsockets.ts',
      express: 'src/adapters/express.ts',
      koa: 'src/adapters/koa.ts',
      fetch: 'src/adapters/fetch.ts',
      auth: 'src/plugins/auth/index.ts',
      limits: 'src/plugins/rate-limits/index.ts',
      metrics: 'src/plugins/metrics/index.ts',
      redis: 'src/plugins/redis/index.ts',
      testing: 'src/testing/index.ts',
    },
    plugins: [splitCommonJs(), ownClassNames()],
  },
  // The command `sfu-relay`: nobody imports it.
  {
    ...common,
    format: ['esm'],
    dts: false,
    platform: 'node',
    entry: { cli: 'src/cli/main.ts' },
    splitting: false,
  },
  // One file of its own, which a page can load without a bundler.
  {
    ...common,
    entry: { client: 'src/client/index.ts' },
    splitting: false,
    plugins: [shortNames(CLIENT_NAMES), ownClassNames(), arrowFunctions()],
  },
]);
