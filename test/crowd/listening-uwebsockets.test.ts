import { vi } from 'vitest';
import { serveUwebsockets } from '../contract/uwebsockets-server.js';
import { listeningCrowd } from './listening-crowd.js';

vi.mock('../../src/sfu/ion/ion-sfu.js', async () => ({
  IonSfu: (await import('../support/instant-sfu.js')).InstantSfu,
}));

listeningCrowd('uWebSockets.js', serveUwebsockets, { size: 10_000, likesPerSecond: 10_000, seconds: 10 });
