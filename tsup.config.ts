import { defineConfig, type Options } from 'tsup';
import { ownClassNames, splitCommonJs } from './scripts/build-plugins.js';

const common = {
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  // p-timeout is ESM only: bundled, so that require() works on every Node 20.
  noExternal: ['p-timeout'],
  external: [/^node:/],
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
} satisfies Options;

export default defineConfig([
  // Both formats share chunks between entries: every entry has the same RelayError.
  {
    ...common,
    entry: {
      index: 'src/index.ts',
      ws: 'src/ws.ts',
      uwebsockets: 'src/uwebsockets.ts',
      express: 'src/http/express.ts',
      koa: 'src/http/koa.ts',
      fetch: 'src/http/fetch.ts',
      auth: 'src/auth/index.ts',
      limits: 'src/rate-limits/index.ts',
      metrics: 'src/metrics/index.ts',
      testing: 'src/testing/index.ts',
    },
    plugins: [splitCommonJs(), ownClassNames()],
  },
  // One file of its own, which a page can load without a bundler.
  { ...common, entry: { client: 'src/client/index.ts' }, splitting: false, plugins: [ownClassNames()] },
]);
