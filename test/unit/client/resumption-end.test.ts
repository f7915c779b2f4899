import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakePeer, FakeSocket, installFakeBrowser } from './fake-browser.js';
import { FakeRelay } from './fake-relay.js';
import { connectedTo, openPeers, pass, type Resumable, resumable, settle } from './resumable.js';

let restore: () => void;
beforeEach(() => {
  restore = installFakeBrowser();
  vi.useFakeTimers();
});
afterEach(() => restore());

const states = ({ of }: Pick<Resumable, 'of'>) =>
  of('connection').map((event) => (event as { state: string }).state);

describe('the close of a connection', () => {
  test.each([1005, 1006, 1009, 4413, 4508])('by %i is followed by a resumption', async (code) => {
    const base = await resumable();
    base.relay.cut(code);
    await settle();
    expect([states(base), base.relay.joins.length]).toEqual([['interrupted', 'resumed'], 1]);
  });

  test.each([1001, 4408, 4412, 4429, 4500, 4502, 4503, 4504])(
    'by %i is followed by another join',
    async (code) => {
      const base = await resumable();
      base.relay.close(code);
      await pass(700);
      expect([states(base), base.relay.joins.length, base.relay.resumes]).toEqual([[], 2, []]);
      expect(base.client.state).toBe('joined');
    },
  );

  test.each([1000, 4400, 4401, 4403, 4406, 4409, 4410])('by %i is the end', async (code) => {
    const base = await resumable();
    base.relay.close(code);
    await pass(1_000);
    expect([states(base), base.client.state, FakeSocket.all.length]).toEqual([[], 'closed', 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('tells why', async () => {
    const base = await resumable();
    const data = { code: 'ERR_RELAY_TOO_LARGE', retryable: false, closeCode: 4413 };
    const message = 'The message is longer than 262144 bytes.';
    base.relay.newest.receive({ id: null, error: { code: -32013, message, data } });
    base.relay.cut(4413);
    expect(base.of('connection')).toMatchObject([{ state: 'interrupted', reason: message }]);
    await settle();
    expect(base.of('connection')[1]).toMatchObject({ state: 'resumed', kept: { received: 0 } });
    base.relay.cut();
    expect(base.of('connection')[2]).toMatchObject({ reason: 'The connection was lost.' });
  });
});

describe('a resumption that the relay refuses', () => {
  test.each([
    'ERR_RELAY_SESSION_NOT_FOUND',
    'ERR_RELAY_FORBIDDEN',
    'ERR_RELAY_INVALID_PARAMS',
    'ERR_RELAY_METHOD_NOT_FOUND',
    'ERR_RELAY_EXPIRED',
    'ERR_RELAY_SFU_STREAM_ENDED',
  ])('with %s is followed by another join', async (code) => {
    const base = await resumable();
    base.relay.refusal = { code, retryable: code.includes('SFU') };
    base.relay.cut();
    await pass(1_000);
    expect(states(base)).toEqual(['interrupted', 'lost']);
    expect([base.client.state, base.relay.joins.length, FakeSocket.all.length]).toEqual(['joined', 2, 2]);
  });

  test.each(['ERR_RELAY_REPLACED', 'ERR_RELAY_REMOVED', 'ERR_RELAY_ROOM_ENDED'])(
    'with %s is the end',
    async (code) => {
      const base = await resumable();
      const chatting = base.client.chat('hello');
      base.relay.refusal = { code };
      base.relay.cut();
      await expect(chatting).rejects.toMatchObject({ code });
      expect(states(base)).toEqual(['interrupted', 'lost']);
      expect(base.of('close')).toMatchObject([{ code: 1006, reason: `No: ${code}.`, error: { code } }]);
      expect([openPeers(), vi.getTimerCount()]).toEqual([[], 0]);
      expect(FakeSocket.all.at(-1)?.closedWith).toBe(1005);
    },
  );

  test('by closing the connection is the end, where it would be the end of any', async () => {
    const base = await resumable();
    FakeSocket.onMade = (socket) =>
      queueMicrotask(() => {
        socket.open();
        socket.end(4401, 'The token has expired.');
      });
    base.relay.cut();
    await settle();
    expect(states(base)).toEqual(['interrupted', 'lost']);
    expect(base.of('close')).toMatchObject([{ code: 4401, reason: 'The token has expired.' }]);
  });

  test('after it was granted, while the missed messages were under way, is a loss', async () => {
    const base = await resumable();
    base.relay.latency = () => 10;
    base.relay.cut();
    await pass(35);
    base.relay.close(4502, 'The SFU is lost.');
    expect(base.of('connection').at(-1)).toEqual({ state: 'lost', reason: 'The SFU is lost.' });
    await pass(1_000);
    expect([base.client.state, base.relay.joins.length]).toEqual(['joined', 2]);
  });
});

describe('while the connection is lost', () => {
  test.each(['leave', 'close'] as const)('%s() ends everything at once', async (name) => {
    const base = await resumable();
    base.relay.isReachable = false;
    base.relay.cut();
    await pass(2_000);
    const chatting = base.client.chat('hello');
    const outcome = expect(chatting).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' });
    await base.client[name]();
    await outcome;
    base.relay.isReachable = true;
    await pass(60_000);
    expect(states(base)).toEqual(['interrupted']);
    expect(base.of('close')).toEqual([{ code: 1000, reason: '', retryable: false }]);
    expect([base.client.state, openPeers(), vi.getTimerCount(), base.relay.resumes]).toEqual([
      'closed',
      [],
      0,
      [],
    ]);
  });

  test.each([5, 15, 25])(
    'close() ends a session that the relay is resuming: %i ms after the loss',
    async (ms) => {
      const base = await resumable();
      base.relay.latency = () => 10;
      base.relay.cut();
      await pass(ms);
      base.client.close();
      await pass(1_000);
      expect([base.relay.isAttached, vi.getTimerCount()]).toEqual([false, 0]);
      // Before `resume` has arrived, the relay can't know.
      expect(base.relay.isJoined).toBe(ms < 20);
      expect(FakeSocket.all.filter(({ closedWith }) => closedWith === undefined)).toHaveLength(1);
    },
  );

  test.each(['leave', 'close'] as const)('a listener may call %s()', async (name) => {
    const base = await resumable();
    base.client.on('connection', () => void base.client[name]());
    base.relay.cut();
    await pass(1_000);
    expect([base.client.state, states(base), FakeSocket.all.length]).toEqual(['closed', ['interrupted'], 1]);
    expect(base.of('close')).toHaveLength(1);
  });

  test('a listener may call close() when the session is lost, too', async () => {
    const base = await resumable();
    base.client.on('connection', ({ state }) => state === 'lost' && base.client.close());
    base.relay.cut();
    base.relay.end();
    await pass(1_000);
    expect([base.client.state, states(base)]).toEqual(['closed', ['interrupted', 'lost']]);
    expect([FakeSocket.all.at(-1)?.closedWith, vi.getTimerCount()]).toEqual([1000, 0]);
  });
});

describe('a session whose first acknowledgement the relay does not have', () => {
  test('can’t be resumed: a cut during the first join ends the client, as without resumption', async () => {
    const relay = new FakeRelay();
    const base = await connectedTo(relay);
    relay.latency = () => 10;
    const outcome = expect(base.client.join({ roomId: 'lobby' })).rejects.toMatchObject({
      code: 'ERR_CLIENT_CLOSED',
    });
    await pass(15);
    expect(relay.isJoined).toBe(true);
    relay.cut();
    await outcome;
    expect([base.client.state, states(base), relay.isJoined]).toEqual(['closed', [], false]);
  });

  test.each(['leave', 'close'] as const)(
    'can be left by %s() before the browser has taken the answer',
    async (name) => {
      const relay = new FakeRelay();
      const base = await connectedTo(relay);
      const joining = base.client.join({ roomId: 'lobby' });
      const outcome = expect(joining).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' });
      FakePeer.all[0]?.hold('setRemoteDescription');
      await settle();
      relay.cut();
      expect([base.client.state, states(base)]).toEqual(['joining', ['interrupted']]);
      await base.client[name]();
      await outcome;
      await pass(60_000);
      expect([base.client.state, openPeers(), vi.getTimerCount()]).toEqual(['closed', [], 0]);
      expect(base.of('close')).toHaveLength(1);
    },
  );

  test('but the client knows only of the join: it attempts to resume it, and joins again', async () => {
    const base = await resumable();
    base.relay.latency = () => 10;
    void base.client.leave();
    await pass(30);
    const joining = base.client.join({ roomId: 'lobby' });
    await pass(25);
    // The acknowledgement is under way.
    base.relay.cut();
    await pass(2_000);
    await joining;
    expect(states(base)).toEqual(['interrupted', 'lost']);
    expect([base.client.state, base.relay.joins.length]).toEqual(['joined', 3]);
  });

  test('a cut while what was published is restored interrupts it', async () => {
    const base = await resumable();
    base.relay.close(4502);
    base.relay.latency = () => 10;
    while (base.relay.joins.length < 2) await pass(10);
    await pass(25);
    expect(base.relay.acks.length).toBe(2);
    base.relay.cut();
    await pass(2_000);
    expect([base.client.state, states(base)]).toEqual(['joined', ['interrupted', 'resumed']]);
  });

  test('after leave() nothing is resumed, and nothing acknowledged', async () => {
    const base = await resumable();
    await base.client.leave();
    const { length } = base.relay.acks;
    for (let n = 0; n < 40; n += 1) base.relay.newest.notify('room', { locked: false });
    await pass(6_000);
    expect(base.relay.acks).toHaveLength(length);
    base.relay.cut();
    await pass(1_000);
    expect([base.client.state, states(base), FakePeer.all.every(({ isClosed }) => isClosed)]).toEqual([
      'closed',
      [],
      true,
    ]);
  });
});
