import { beforeEach, describe, expect, test } from 'vitest';
import { FakePeer, FakeSocket, installFakeBrowser, newest, offerWith, settled } from './fake-browser.js';
import { connected, joined, joinResult, participant, track } from './participant.js';

beforeEach(installFakeBrowser);

const tick = settled;

describe('join()', () => {
  test('offers a section that receives audio, no data channel, and asks for what it was told to', async () => {
    const { client, socket } = await connected();
    await client.join({
      roomId: 'lobby',
      userId: 'me',
      role: 'subscriber',
      autoSubscribe: false,
      metadata: { name: 'Me' },
    });
    const [publisher] = FakePeer.all;
    expect(publisher?.channels).toEqual([]);
    expect(publisher?.transceivers).toEqual([]);
    expect(publisher?.receivers).toMatchObject([{ kind: 'audio', codecs: ['audio/opus'] }]);
    expect(socket.params('join')).toEqual([
      {
        sid: 'lobby',
        capabilities: ['rejoin', 'resume'],
        uid: 'me',
        role: 'subscriber',
        config: { NoAutoSubscribe: 'true' },
        metadata: { name: 'Me' },
        offer: { type: 'offer', sdp: publisher?.localDescription?.sdp },
      },
    ]);
  });

  test('resolves with the room as it is, and the client knows it', async () => {
    const { client, of } = await joined({ participants: [participant('bob', track('t1'))], revision: 3 });
    expect(client.session).toMatchObject({ sessionId: 'mine', userId: 'me', role: 'publisher', revision: 3 });
    expect([...client.participants.keys()]).toEqual(['bob']);
    expect(client.state).toBe('joined');
    expect(of('state')).toEqual(['joining', 'joined']);
  });

  test('needs an open connection without a session', async () => {
    const { client } = await joined();
    await expect(client.join({ roomId: 'other' })).rejects.toMatchObject({ code: 'ERR_CLIENT_STATE' });
    client.close();
    await expect(client.join({ roomId: 'other' })).rejects.toMatchObject({ code: 'ERR_CLIENT_STATE' });
  });

  test('that the relay refuses leaves nothing behind, and may be tried again', async () => {
    const { client, socket, of } = await connected();
    socket.results = {};
    const joining = client.join({ roomId: 'lobby' });
    await tick();
    const error = {
      code: -32029,
      message: 'Slow down.',
      data: { code: 'ERR_RELAY_TOO_MANY', retryable: true },
    };
    socket.receive({ id: newest(socket.sent).id, error });
    await expect(joining).rejects.toMatchObject({ ...error.data, message: 'Slow down.' });
    expect(FakePeer.all.every(({ isClosed }) => isClosed)).toBe(true);
    expect([client.state, client.session, client.publisher]).toEqual(['open', undefined, undefined]);
    expect(of('error')).toEqual([]);

    socket.results.join = () => joinResult();
    await client.join({ roomId: 'lobby' });
    expect(client.state).toBe('joined');
  });

  test.each([null, {}, { type: 'answer', sdp: 'x' }, { ...joinResult(), participants: [{}] }])(
    'rejects a result that is none: %j',
    async (result) => {
      const { client, socket } = await connected();
      socket.results.join = () => result;
      await expect(client.join({ roomId: 'lobby' })).rejects.toMatchObject({ code: 'ERR_CLIENT_PROTOCOL' });
      expect(client.state).toBe('open');
    },
  );

  test('rejects an answer that the browser can’t use, and leaves', async () => {
    const { client, socket } = await connected();
    const joining = client.join({ roomId: 'lobby' });
    newest(FakePeer.all).failNext('setRemoteDescription');
    await expect(joining).rejects.toMatchObject({ code: 'ERR_CLIENT_NEGOTIATION' });
    expect(socket.params('leave')).toHaveLength(1);
  });

  test('adds the relay’s ICE servers to those of the application, on both connections, before they gather', async () => {
    const own = { urls: 'stun:own' };
    const relays = { urls: 'turn:relay', username: 'u', credential: 'c' };
    const { publisher, subscriber } = await joined(
      { iceServers: [relays] },
      { rtcConfiguration: { iceServers: [own], iceTransportPolicy: 'relay' } },
    );
    const configuration = { iceServers: [own, relays], iceTransportPolicy: 'relay' };
    expect([publisher.configuration, subscriber.configuration]).toEqual([configuration, configuration]);
    expect(publisher.gathersWith).toEqual(configuration);
  });
});

describe('leaving', () => {
  test('ends the session here and there; the socket stays open for another', async () => {
    const { client, socket, publisher, subscriber, heard } = await joined({
      participants: [participant('bob')],
    });
    await client.leave();
    expect([publisher.isClosed, subscriber.isClosed]).toEqual([true, true]);
    expect(socket.params('leave')).toHaveLength(1);
    expect([client.state, client.session, client.participants.size]).toEqual(['open', undefined, 0]);
    const before = heard.length;
    socket.notify('participants', { from: 1, revision: 2, joined: [participant('eve')] });
    socket.notify('tracks', {
      revision: 3,
      state: 'added',
      sessionId: 'eve',
      userId: 'u',
      tracks: [track('t1')],
    });
    await client.leave();
    expect([heard.length, socket.params('leave').length]).toEqual([before, 1]);
    await client.join({ roomId: 'other' });
    expect(client.state).toBe('joined');
  });

  test('overtakes a join under way, and takes back what the relay still makes of it', async () => {
    const { client, socket, of } = await connected();
    delete socket.results.join;
    const joining = client.join({ roomId: 'lobby' });
    await tick();
    const { id } = newest(socket.sent);
    await client.leave();
    await expect(joining).rejects.toMatchObject({ code: 'ERR_CLIENT_ABORTED' });
    socket.receive({ id, result: joinResult() });
    await tick();
    expect(socket.params('leave')).toHaveLength(2);
    expect([client.state, client.session]).toEqual(['open', undefined]);
    expect(FakePeer.all).toHaveLength(1);
    expect(of('error')).toEqual([]);
  });

  test('of a join under way resolves, whether or not the relay has something to leave', async () => {
    const { client, socket } = await connected();
    socket.results = {};
    const joining = client.join({ roomId: 'lobby' });
    const rejected = expect(joining).rejects.toMatchObject({ code: 'ERR_CLIENT_ABORTED' });
    const leaving = client.leave();
    const data = { code: 'ERR_RELAY_INVALID_STATE', retryable: false };
    socket.receive({ id: newest(socket.sent).id, error: { code: -32004, message: 'Join first.', data } });
    await leaving;
    await rejected;
  });

  test('rejects what waits for a peer connection that is closed', async () => {
    const { client, publisher } = await joined();
    publisher.hold('createOffer');
    const restarting = client.restartIce();
    const rejected = expect(restarting).rejects.toMatchObject({ code: 'ERR_CLIENT_ABORTED' });
    await client.leave();
    await rejected;
    await expect(client.restartIce()).rejects.toMatchObject({ code: 'ERR_CLIENT_STATE' });
  });
});

describe('the end of the connection', () => {
  test('by ourselves is one close event, the last, and may be called again', async () => {
    const { client, socket, publisher, subscriber, heard } = await joined();
    client.close();
    client.close();
    socket.end(1000);
    expect([publisher.isClosed, subscriber.isClosed, client.state]).toEqual([true, true, 'closed']);
    expect(heard.map(({ name, args }) => [name, ...args]).slice(0, -1)).toEqual([
      ['state', 'joining'],
      ['state', 'joined'],
      ['state', 'closed'],
    ]);
    expect(heard.slice(-1)).toEqual([
      { name: 'close', args: [{ code: 1000, reason: '', retryable: false }] },
    ]);
  });

  test('by the relay rejects what is under way with its close code', async () => {
    const { client, socket } = await connected();
    delete socket.results.join;
    const joining = client.join({ roomId: 'lobby' });
    await tick();
    socket.end(4401, 'Authentication failed.');
    const refusal = {
      code: 'ERR_CLIENT_CLOSED',
      message: 'The connection is closed (4401 Authentication failed.).',
      cause: { code: 4401 },
    };
    await expect(joining).rejects.toMatchObject(refusal);
    expect(client.state).toBe('closed');
  });

  test('by the relay is why later calls fail', async () => {
    const { client, socket, of } = await connected();
    const data = { code: 'ERR_RELAY_EXPIRED', retryable: false, closeCode: 4401 };
    socket.receive({ id: null, error: { code: -32005, message: 'The token has expired.', data } });
    socket.end(4401, 'The token has expired.');
    const refusal = { code: 'ERR_RELAY_EXPIRED', message: 'The token has expired.' };
    await expect(client.join({ roomId: 'lobby' })).rejects.toMatchObject(refusal);
    await expect(client.chat('hello')).rejects.toMatchObject(refusal);
    expect(of('close')).toMatchObject([{ code: 4401, retryable: false, error: refusal }]);
    expect(of('error')).toEqual([]);
  });

  test('by the application is a state in which nothing is possible', async () => {
    const { client } = await connected();
    client.close();
    await expect(client.join({ roomId: 'lobby' })).rejects.toMatchObject({ code: 'ERR_CLIENT_STATE' });
  });

  test('leaves nobody listening', async () => {
    const { client, socket, publisher, subscriber, heard } = await joined();
    client.close();
    const before = heard.length;
    socket.notify('participants', { from: 1, revision: 2, joined: [participant('bob')] });
    socket.notify('offer', { type: 'offer', sdp: offerWith() });
    publisher.become('failed');
    subscriber.become('failed');
    await tick();
    expect(heard).toHaveLength(before);
    expect(socket.sent.map(({ method }) => method)).toEqual(['join']);
  });
});

test('what the relay sends is not trusted to be well formed: an error each, and life goes on', async () => {
  const { client, socket, of } = await joined();
  const malformed: [string, unknown][] = [
    ['offer', { type: 'answer', sdp: 'x' }],
    ['offer', { type: 'offer' }],
    ['trickle', { target: 2, candidate: { candidate: 'x' } }],
    ['trickle', { target: 1, candidate: null }],
    ['participants', { from: 1, revision: 2, joined: [null] }],
    ['participants', { from: 1, revision: 2, left: [participant('x')] }],
    ['participants', { from: 1, revision: 2, audience: { count: 'many' } }],
    ['tracks', { revision: 2, state: 'added', sessionId: 'x', userId: 'x', tracks: [7] }],
    ['tracks', undefined],
    ['goaway', []],
  ];
  for (const [method, params] of malformed) socket.notify(method, params);
  expect(of('error')).toHaveLength(malformed.length);
  socket.notify('of a later relay', {});
  expect(of('error')).toHaveLength(malformed.length);

  socket.notify('participants', { from: 1, revision: 2, joined: [participant('bob')] });
  expect([...client.participants.keys()]).toEqual(['bob']);
  expect(FakeSocket.all).toHaveLength(1);
});
