import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeSocket, installFakeBrowser } from './fake-browser.js';
import { openPeers, pass, type Resumable, resumable, settle } from './resumable.js';

let restore: () => void;
let page: EventTarget;
let document: EventTarget;
let connection: EventTarget;

beforeEach(() => {
  restore = installFakeBrowser();
  page = new EventTarget();
  document = new EventTarget();
  connection = new EventTarget();
  vi.stubGlobal('document', document);
  vi.stubGlobal('navigator', { onLine: true, connection });
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  restore();
});

const states = ({ of }: Resumable) => of('connection').map((event) => (event as { state: string }).state);
const unreachable = async (options: Parameters<typeof resumable>[0] = {}) => {
  const base = await resumable(options);
  base.relay.isReachable = false;
  return base;
};

describe('the attempts', () => {
  test('follow at once, after 0.3 s, and then every second, each ±25 %', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const base = await unreachable();
    base.relay.cut();
    const at: number[] = [];
    for (let ms = 0, before = 1; ms < 4_500; ms += 100) {
      await pass(ms === 0 ? 0 : 100);
      if (FakeSocket.all.length > before) at.push(ms);
      before = FakeSocket.all.length;
    }
    expect(at).toEqual([0, 300, 1_300, 2_300, 3_300, 4_300]);
  });

  const hints: Record<string, () => void> = {
    'the network is back': () => page.dispatchEvent(new Event('online')),
    'the page comes back': () => page.dispatchEvent(new Event('pageshow')),
    'the page is shown': () => document.dispatchEvent(new Event('visibilitychange')),
    'the network is another one': () => connection.dispatchEvent(new Event('change')),
  };
  test.each(Object.entries(hints))('do not wait when %s', async (_, hint) => {
    const base = await unreachable();
    base.relay.cut();
    await pass(5_000);
    const { length } = FakeSocket.all;
    base.relay.isReachable = true;
    hint();
    await settle();
    expect(FakeSocket.all).toHaveLength(length + 1);
    expect(states(base)).toEqual(['interrupted', 'resumed']);
  });

  test('that hang are replaced by another one at such news, unless they have just begun', async () => {
    const base = await resumable();
    FakeSocket.onMade = undefined;
    base.relay.cut();
    await settle();
    expect(FakeSocket.all).toHaveLength(2);
    page.dispatchEvent(new Event('online'));
    await pass(1_500);
    expect(FakeSocket.all).toHaveLength(2);
    page.dispatchEvent(new Event('online'));
    await settle();
    expect(FakeSocket.all.map(({ closedWith }) => closedWith)).toEqual([undefined, 1005, undefined]);
  });

  test('that hang end after "connectTimeoutMs", also where the socket is open, without ending the session', async () => {
    const base = await resumable({ connectTimeoutMs: 2_000 });
    FakeSocket.onMade = (socket) => queueMicrotask(() => socket.open());
    base.relay.cut();
    await pass(2_500);
    expect(FakeSocket.all.map(({ closedWith }) => closedWith)).toEqual([undefined, 1005, undefined]);
  });

  test('have that time each, however short the one before was', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const base = await unreachable({ connectTimeoutMs: 2_000 });
    base.relay.cut();
    await settle();
    FakeSocket.onMade = undefined;
    await pass(300);
    const hanging = FakeSocket.all[2];
    await pass(1_900);
    expect(hanging?.closedWith).toBeUndefined();
    await pass(200);
    expect(hanging?.closedWith).toBe(1005);
  });

  test('use the newest token', async () => {
    const tokens = ['second', 'third'];
    const base = await resumable({ token: 'first', getToken: () => tokens.shift() ?? 'fourth' });
    base.relay.isReachable = false;
    base.relay.cut();
    await settle();
    base.relay.isReachable = true;
    await pass(400);
    expect(FakeSocket.all.map(({ protocols }) => protocols[1])).toEqual([
      'bearer.first',
      'bearer.second',
      'bearer.third',
    ]);
    expect(states(base)).toEqual(['interrupted', 'resumed']);
  });

  test('use the token that the application brings meanwhile', async () => {
    const base = await unreachable({ token: 'first' });
    base.relay.cut();
    const authenticating = base.client.authenticate('second');
    await settle();
    base.relay.isReachable = true;
    await pass(400);
    expect(FakeSocket.all.at(-1)?.protocols[1]).toBe('bearer.second');
    expect(await authenticating).toEqual({ userId: 'me' });
  });

  test('authenticate first where the token fits in no subprotocol; that does not count', async () => {
    const base = await resumable({ token: 'two words' });
    base.relay.cut();
    void base.client.chat('hello');
    await settle();
    expect(base.relay.newest.sent.map(({ method }) => method)).toEqual([
      'authenticate',
      'resume',
      'message',
      'ping',
    ]);
    expect([states(base), base.relay.faults]).toEqual([['interrupted', 'resumed'], []]);
  });

  test('follow a token that has expired meanwhile with another one', async () => {
    const base = await resumable({ token: 'first', getToken: () => 'second' });
    FakeSocket.onMade = (socket) =>
      queueMicrotask(() => {
        socket.open();
        socket.end(4401, 'The token has expired.');
      });
    base.relay.cut();
    await settle();
    base.relay.serve();
    await pass(400);
    expect(states(base)).toEqual(['interrupted', 'resumed']);
  });

  test('wait as long as the relay says, whatever the network does', async () => {
    const base = await resumable();
    base.relay.refusal = { code: 'ERR_RELAY_TOO_MANY', retryable: true, retryAfterMs: 8_000 };
    base.relay.cut();
    await pass(5_000);
    page.dispatchEvent(new Event('online'));
    await pass(2_900);
    expect(FakeSocket.all).toHaveLength(2);
    await pass(200);
    expect(states(base)).toEqual(['interrupted', 'resumed']);
  });
});

describe('a dead socket', () => {
  test('that the watchdog detects is resumed, and its close does not end the session', async () => {
    const base = await resumable();
    base.relay.cut(null);
    await pass(10_000);
    expect(base.of('connection')).toMatchObject([
      { state: 'interrupted', reason: 'The relay is silent.' },
      { state: 'resumed' },
    ]);
    expect(FakeSocket.all[0]?.closedWith).toBe(1005);
    // The watchdog watches over the next one.
    base.relay.cut(null);
    await pass(10_000);
    expect(states(base)).toEqual(['interrupted', 'resumed', 'interrupted', 'resumed']);
    expect(base.relay.joins).toHaveLength(1);
  });

  test('may be followed by a slow one', async () => {
    const base = await resumable();
    base.relay.cut(null);
    base.relay.latency = () => 1_500;
    await pass(30_000);
    expect([states(base), FakeSocket.all.length]).toEqual([['interrupted', 'resumed'], 2]);
  });

  test('that turns out to be alive says nothing any more', async () => {
    const base = await resumable();
    const [first] = FakeSocket.all as [FakeSocket];
    base.relay.cut(null);
    await pass(10_000);
    first.notify('room', { locked: true });
    first.end(4409, 'Another connection serves the session.');
    expect([base.client.state, base.of('room')]).toEqual(['joined', []]);
  });
});

describe('the session is not resumed', () => {
  test('after its grace: the client joins again, in place of it', async () => {
    const base = await unreachable();
    void base.client.chat('hello').catch(() => {});
    base.relay.cut();
    await pass(29_900);
    expect([base.client.state, states(base)]).toEqual(['joined', ['interrupted']]);
    await pass(200);
    expect(base.of('connection').at(-1)).toEqual({
      state: 'lost',
      reason: 'The connection did not return in time.',
    });
    expect(base.client.state).toBe('reconnecting');
    base.relay.isReachable = true;
    await pass(12_000);
    expect(base.relay.joins.at(-1)).toMatchObject({
      replaces: { sessionId: 'session 1', sessionToken: 'token 1.0' },
    });
    // The request waits for the new session.
    expect(base.relay.methods()).toEqual(['join', 'join', 'message']);
    expect([base.client.state, openPeers().length, base.of('error')]).toEqual(['joined', 2, []]);
  });

  test('where the relay refuses that: the client joins again over the same connection, with the newest token', async () => {
    const base = await resumable();
    base.relay.cut();
    await settle();
    base.relay.end();
    base.relay.cut();
    await pass(1_000);
    expect(base.of('connection').at(-1)).toEqual({
      state: 'lost',
      reason: 'No: ERR_RELAY_SESSION_NOT_FOUND.',
    });
    expect(base.relay.joins.at(-1)).toMatchObject({ replaces: { sessionToken: 'token 1.1' } });
    expect([base.client.state, FakeSocket.all.length]).toEqual(['joined', 3]);
    expect(base.of('state')).toEqual(['reconnecting', 'joined']);
    base.relay.cut();
    await settle();
    expect(states(base).slice(-2)).toEqual(['interrupted', 'resumed']);
    expect(base.relay.faults).toEqual([]);
  });

  test('where too many messages were waiting', async () => {
    const base = await unreachable();
    base.relay.cut();
    for (let n = 0; n < 513; n += 1) void base.client.chat(`${n}`).catch(() => {});
    await pass(400);
    expect(base.of('connection').at(-1)).toMatchObject({ reason: 'Too many messages waited.' });
    expect(base.client.state).toBe('reconnecting');
    base.relay.isReachable = true;
    await pass(2_000);
    expect(base.relay.methods().filter((method) => method === 'message')).toHaveLength(513);
    expect(base.relay.processed.at(-1)?.params.data.text).toBe('512');
  });

  test('where the relay gives nonsense in return, but tried again', async () => {
    const base = await resumable();
    FakeSocket.onMade = (socket) => {
      socket.results.resume = () => ({ sessionToken: 'x', received: 99, sent: 0 });
      queueMicrotask(() => socket.open());
    };
    base.relay.cut();
    await settle();
    expect(FakeSocket.all.at(-1)?.closedWith).toBe(1005);
    base.relay.serve();
    await pass(400);
    expect(states(base)).toEqual(['interrupted', 'resumed']);
  });

  test('after a "goaway": the client joins again at the time that the relay names', async () => {
    const base = await resumable();
    base.relay.newest.notify('goaway', { reason: 'update', reconnectAfterMs: 2_000 });
    base.relay.cut();
    await pass(1_900);
    expect([base.client.state, states(base), FakeSocket.all.length]).toEqual(['reconnecting', [], 1]);
    await pass(200);
    expect([base.client.state, base.relay.joins.length]).toEqual(['joined', 2]);
    // That one can be resumed.
    base.relay.cut();
    await settle();
    expect(states(base)).toEqual(['interrupted', 'resumed']);
  });
});
