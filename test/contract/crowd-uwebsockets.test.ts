import { vi } from 'vitest';
import { listeningCrowd } from './crowd/listening-crowd.js';
import { serveUwebsockets } from './uwebsockets-server.js';

vi.mock('../../src/sfu/node.js', async () => ({
  SfuNode: (await import('../support/instant-sfu.js')).InstantSfu,
}));

listeningCrowd('uWebSockets.js', serveUwebsockets, { size: 10_000, likesPerSecond: 10_000, seconds: 10 });
