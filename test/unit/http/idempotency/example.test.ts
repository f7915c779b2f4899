import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { createRouter } from '../../../../src/adapters/express.js';
import { anonymous, SfuRelay } from '../../../../src/index.js';
import { fakeOffer, startScriptedSfu } from '../../../../src/testing/index.js';
import { closeServer, listen } from '../../../support/listen.js';
import { examplesOf } from '../../../support/readme.js';

test('the example of docs/HTTP.md gets the session that was created although the response was lost', async () => {
  const sfu = await startScriptedSfu();
  const relay = new SfuRelay({
    sfu: { serverUrl: sfu.address, probeOnStart: false },
    authenticate: anonymous(),
  });
  const router = createRouter(relay);
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (requests === 1) response.end = () => response.destroy();
    router(request, response);
  });
  const port = await listen(server);
  const code = (await examplesOf('docs/HTTP.md')).get('idempotency');
  const post = new Function(`${code}\nreturn post;`)();
  const { status, body } = await post(`http://127.0.0.1:${port}/session`, {
    ...{ room_id: 'r', user_id: 7, sdp: fakeOffer() },
  });
  expect([requests, status]).toEqual([2, 200]);
  expect([...relay.sessions.keys()]).toEqual([body.data.session_id]);
  expect(sfu.totalStreams).toBe(1);
  await relay.close();
  await closeServer(server);
  await sfu.stop();
});
