import { vi } from 'vitest';
import { listeningCrowd } from './crowd/listening-crowd.js';
import { wsBeside } from './http-transport.js';

vi.mock('../../src/sfu/node.js', async () => ({
  SfuNode: (await import('../support/instant-sfu.js')).InstantSfu,
}));

const serve = wsBeside(() => (_request, response) => {
  response.writeHead(404).end();
});
listeningCrowd('ws', serve, { size: 1_000, likesPerSecond: 10_000, seconds: 1 });
