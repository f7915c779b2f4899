import { vi } from 'vitest';
import { wsBeside } from '../contract/http-transport.js';
import { listeningCrowd } from './listening-crowd.js';

vi.mock('../../src/sfu/ion/ion-sfu.js', async () => ({
  IonSfu: (await import('../support/instant-sfu.js')).InstantSfu,
}));

const serve = wsBeside(() => (_request, response) => {
  response.writeHead(404).end();
});
listeningCrowd('ws', serve, { size: 1_000, likesPerSecond: 10_000, seconds: 1 });
