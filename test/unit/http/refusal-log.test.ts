import { expect, test, vi } from 'vitest';
import { createHandler } from '../../../src/adapters/fetch.js';
import { SfuRelay } from '../../../src/index.js';
import { silentLogger } from '../../../src/util/logger.js';

test('why a client is refused is logged at the level info, as for a WebSocket', async () => {
  const info = vi.fn();
  const relay = new SfuRelay({
    sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
    authenticate: () => false,
    logger: { ...silentLogger, info },
  });
  const handle = createHandler(relay);
  expect((await handle(new Request('http://relay.test/session/s1/stats'))).status).toBe(401);
  expect(info).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({
      err: expect.objectContaining({ code: 'ERR_RELAY_UNAUTHENTICATED' }),
      path: '/session/s1/stats',
    }),
    'A request was refused',
  );
  await relay.close();
});
