import { beforeEach, expect, test } from 'vitest';
import { FakePeer, FakeSocket, installFakeBrowser, newest, settled } from './fake-browser.js';
import { connected, joinResult, participant } from './participant.js';

beforeEach(installFakeBrowser);

const PROOF = { sessionId: 'of the backend', sessionToken: 'secret' };

/** A client whose relay has a session in the room `cinema` that was created over HTTP; its peer has number 3. */
async function atSession(options = {}) {
  const base = await connected(options);
  const state = { ...joinResult({ sessionId: PROOF.sessionId, roomId: 'cinema', role: 'subscriber' }) };
  Object.assign(base.socket.results, {
    attach: () => ({ ...state, peer: 3, resumption: { graceMs: 30_000 } }),
    rejoin: ({ peer }: { peer: number }) => ({ ...state, peer, participants: [participant('bob')] }),
  });
  return base;
}

test('attach() takes a session over, and puts the peer of the client in the place of its peer', async () => {
  const { client, socket, of } = await atSession();
  const result = await client.attach(PROOF);
  expect(result).toMatchObject({ ...PROOF, roomId: 'cinema', role: 'subscriber', peer: 4 });
  expect([client.state, client.session]).toEqual(['joined', result]);
  expect([...client.participants.keys()]).toEqual(['bob']);
  expect(socket.sent.map(({ method, params }) => [method, params])).toEqual([
    ['attach', { ...PROOF, capabilities: ['rejoin', 'resume'] }],
    ['rejoin', { peer: 4, offer: { type: 'offer', sdp: FakePeer.all[0]?.localDescription?.sdp } }],
    ['leave', { peer: 3 }],
  ]);
  expect([of('state'), of('error')]).toEqual([['joining', 'joined'], []]);
});

test('its candidates, and the offers of the SFU, are those of the new peer', async () => {
  const { client, socket } = await atSession();
  await client.attach(PROOF);
  const [publisher, subscriber] = FakePeer.all;
  publisher?.gather('candidate:mine');
  expect(socket.params('trickle')).toMatchObject([{ peer: 4, target: 0 }]);
  socket.notify('offer', { type: 'offer', sdp: 'of the peer before', peer: 3 });
  await settled();
  expect(subscriber?.remoteDescription).toBeFalsy();
});

test('a recovery joins the same room in the place of the session', async () => {
  const { client, socket } = await atSession({ token: 'x' });
  await client.attach(PROOF);
  socket.end(4503, 'gone');
  await expect.poll(() => FakeSocket.all.length, { timeout: 3_000 }).toBe(2);
  const next = newest(FakeSocket.all);
  next.results = { join: () => joinResult({ roomId: 'cinema' }) };
  next.open();
  await expect.poll(() => client.state).toBe('joined');
  expect(next.params('join')).toMatchObject([
    { sid: 'cinema', uid: 'me', role: 'subscriber', replaces: PROOF },
  ]);
  expect(next.params('attach')).toEqual([]);
});

test('a refusal rejects, and a join is possible', async () => {
  const { client, socket } = await atSession();
  delete socket.results.attach;
  const attaching = client.attach(PROOF);
  await settled();
  const data = { code: 'ERR_RELAY_SESSION_NOT_FOUND', retryable: false };
  socket.receive({ id: newest(socket.sent).id, error: { code: -32004, message: 'No such session.', data } });
  await expect(attaching).rejects.toMatchObject(data);
  expect([client.state, FakePeer.all]).toEqual(['open', []]);
  await client.join({ roomId: 'lobby' });
  expect(client.state).toBe('joined');
});

test('a peer that is refused ends no session, and the client may try again', async () => {
  const { client, socket } = await atSession();
  const { rejoin } = socket.results;
  delete socket.results.rejoin;
  const attaching = client.attach(PROOF);
  await expect.poll(() => newest(socket.sent)?.method).toBe('rejoin');
  const data = { code: 'ERR_RELAY_FORBIDDEN', retryable: false };
  socket.receive({ id: newest(socket.sent).id, error: { code: -32005, message: 'Not you.', data } });
  await expect(attaching).rejects.toMatchObject(data);
  expect(client.state).toBe('open');
  expect(socket.params('leave')).toEqual([]);
  Object.assign(socket.results, { rejoin });
  expect(await client.attach(PROOF)).toMatchObject({ sessionId: PROOF.sessionId, peer: 5 });
  expect(socket.params('leave')).toEqual([{ peer: 3 }]);
});

test('leave() while the relay is asked leaves the session, and nothing is left of it in the browser', async () => {
  const { client, socket } = await atSession();
  delete socket.results.attach;
  const attaching = client.attach(PROOF);
  const rejected = expect(attaching).rejects.toMatchObject({ code: 'ERR_CLIENT_ABORTED' });
  await settled();
  const { id } = newest(socket.sent);
  await client.leave();
  socket.receive({ id, result: { ...joinResult(), peer: 1 } });
  await rejected;
  expect([client.state, FakePeer.all]).toEqual(['open', []]);
});

test.each([{}, { sessionId: 'x' }, { sessionToken: 'x' }, { ...PROOF, roomId: 'lobby' }])(
  'says what to write instead of attach(%j)',
  async (options) => {
    const { client } = await atSession();
    await expect(client.attach(options as never)).rejects.toMatchObject({
      code: 'ERR_CLIENT_ARGUMENT',
      message: expect.stringContaining('attach({ sessionId, sessionToken })'),
    });
  },
);
