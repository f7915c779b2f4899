/** A plugin of esbuild: relays have an SFU within their process, which accepts everything at once. */
export const instantSfu = {
  name: 'instant-sfu',
  setup({ onLoad }) {
    const contents = `export { InstantSfu as IonSfu } from '../../../test/support/instant-sfu.js';`;
    onLoad({ filter: /src\/sfu\/ion\/ion-sfu\.ts$/ }, () => ({ contents, loader: 'ts' }));
  },
};
