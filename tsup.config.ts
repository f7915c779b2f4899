import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    ws: 'src/ws.ts',
    client: 'src/client/index.ts',
    testing: 'src/testing/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  // p-timeout is ESM only: bundled, so that require() works on every Node 20.
  noExternal: ['p-timeout'],
  external: [/^node:/],
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  clean: true,
  sourcemap: false,
});
