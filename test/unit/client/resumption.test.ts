import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { asStream, FakeSocket, FakeStream, FakeTrack, installFakeBrowser } from './fake-browser.js';
import { openPeers, pass, resumable, settle } from './resumable.js';

let restore: () => void;
beforeEach(() => {
  restore = installFakeBrowser();
  vi.useFakeTimers();
});
afterEach(() => restore());

const INTERRUPTED = { state: 'interrupted', reason: 'The connection was lost.', graceMs: 30_000 };
const message = (id: string) => ({ id, kind: 'chat', data: { text: id }, at: 1 });
const camera = (id: string) => asStream(new FakeStream([new FakeTrack('video', id)], `stream of ${id}`));

describe('a connection that breaks', () => {
  test('is replaced by another one, and the session goes on with its media', async () => {
    const base = await resumable();
    const peers = openPeers();
    base.relay.cut();
    expect([base.of('connection'), base.client.state]).toEqual([[INTERRUPTED], 'joined']);
    await settle();
    expect(base.of('connection')).toEqual([
      INTERRUPTED,
      { state: 'resumed', downMs: expect.any(Number), kept: { sent: 0, received: 0 }, snapshot: false },
    ]);
    expect(base.relay.resumes).toMatchObject([
      { sessionId: 'session 1', sessionToken: 'token 1.0', outcome: 'resumed' },
    ]);
    expect([openPeers(), FakeSocket.all.length]).toEqual([peers, 2]);
    expect([base.of('state'), base.of('error'), base.relay.faults]).toEqual([[], [], []]);
    expect(base.client.session?.sessionId).toBe('session 1');
  });

  test('loses nothing that the relay has to say', async () => {
    const base = await resumable();
    base.relay.isReachable = false;
    base.relay.notify('message', message('before'));
    base.relay.cut();
    base.relay.notify('message', message('first'));
    base.relay.notify('room', { locked: true });
    base.relay.notify('message', message('second'));
    await pass(5_000);
    expect(base.heard.map(({ name }) => name)).toEqual(['connection']);
    base.relay.isReachable = true;
    await pass(1_500);
    expect(base.of('chat')).toEqual(['before', 'first', 'second'].map(message));
    expect(base.client.session?.locked).toBe(true);
    expect(base.of('connection')[1]).toMatchObject({ state: 'resumed', kept: { sent: 0, received: 4 } });
    // All that was missed has been emitted by then.
    expect(base.heard.at(-1)?.name).toBe('connection');
    const { downMs } = base.of('connection')[1] as { downMs: number };
    expect(downMs).toBeGreaterThanOrEqual(5_000);
    expect(downMs).toBeLessThan(6_500);
  });

  test('loses nothing that the client has to say, and nothing is done twice', async () => {
    const base = await resumable();
    base.relay.isReachable = false;
    // It does not arrive any more.
    const first = base.client.chat('first');
    base.relay.cut();
    const second = base.client.chat('second');
    await settle();
    const publishing = base.client.publish(camera('a'));
    await settle();
    base.publisher.gather('candidate');
    base.relay.isReachable = true;
    await pass(1_000);
    await Promise.all([first, second, publishing]);
    expect(base.relay.methods()).toEqual(['join', 'message', 'message', 'offer', 'trickle']);
    expect(base.of('connection')[1]).toMatchObject({ kept: { sent: 4 } });
    expect([base.of('error'), base.relay.faults]).toEqual([[], []]);
  });

  test('is not replaced after the answer of a request was lost, but the answer comes again', async () => {
    const base = await resumable();
    base.relay.latency = () => 10;
    const chatting = base.client.chat('hello');
    await pass(15);
    expect(base.relay.methods()).toContain('message');
    base.relay.latency = undefined;
    base.relay.cut();
    await settle();
    await chatting;
    expect(base.relay.methods().filter((method) => method === 'message')).toHaveLength(1);
    expect(base.of('connection')[1]).toMatchObject({ kept: { sent: 0, received: 1 } });
  });

  test('again and again is replaced each time, with the newest token', async () => {
    const base = await resumable();
    for (let n = 0; n < 5; n += 1) {
      base.relay.cut();
      void base.client.chat(`hello ${n}`);
      await settle();
    }
    expect(base.relay.resumes.map(({ sessionToken }) => sessionToken)).toEqual([
      'token 1.0',
      'token 1.1',
      'token 1.2',
      'token 1.3',
      'token 1.4',
    ]);
    expect(base.of('connection').map((event) => (event as { state: string }).state)).toEqual(
      Array(5).fill(['interrupted', 'resumed']).flat(),
    );
    expect(base.relay.methods()).toEqual(['join', ...Array(5).fill('message')]);
    expect(base.relay.faults).toEqual([]);
  });

  test('while it is being resumed is one interruption', async () => {
    const base = await resumable();
    base.relay.latency = () => 10;
    void base.client.chat('hello');
    base.relay.cut();
    // Before the socket is open, before `resume` arrives, before its result does, before the missed messages do.
    for (const ms of [5, 15, 25, 35]) {
      await pass(ms);
      const { length } = base.relay.connections;
      base.relay.cut();
      while (base.relay.connections.length === length) await pass(1);
    }
    await pass(100);
    expect(base.of('connection')).toMatchObject([{ state: 'interrupted' }, { state: 'resumed' }]);
    expect(base.relay.methods()).toEqual(['join', 'message']);
    expect([base.client.state, base.relay.faults, base.relay.joins.length]).toEqual(['joined', [], 1]);
  });

  test('after the answer to "resume" was lost: the last token is still good', async () => {
    const base = await resumable();
    base.relay.latency = () => 10;
    base.relay.cut();
    while (base.relay.resumes.length === 0) await pass(1);
    expect(base.relay.isAttached).toBe(true);
    base.relay.cut();
    await pass(500);
    expect(base.relay.resumes).toMatchObject([
      { sessionToken: 'token 1.0', outcome: 'resumed' },
      { sessionToken: 'token 1.0', outcome: 'resumed' },
    ]);
    expect(base.of('connection')).toMatchObject([{ state: 'interrupted' }, { state: 'resumed' }]);
    base.relay.cut();
    await pass(500);
    expect(base.relay.resumes.at(-1)).toMatchObject({ outcome: 'resumed' });
    expect(base.relay.faults).toEqual([]);
  });
});

describe('a request', () => {
  test('has its whole time again after an interruption', async () => {
    const base = await resumable({ requestTimeoutMs: 5_000 });
    base.relay.results.message = () => undefined;
    const before = base.client.chat('before');
    await pass(3_000);
    base.relay.isReachable = false;
    base.relay.cut();
    const during = base.client.chat('during');
    const outcomes = Promise.allSettled([before, during]);
    await pass(20_000);
    base.relay.isReachable = true;
    await pass(1_500);
    expect(base.of('connection').at(-1)).toMatchObject({ state: 'resumed' });
    const settled = vi.fn();
    void outcomes.then(settled);
    await pass(3_000);
    expect(settled).not.toHaveBeenCalled();
    await pass(2_000);
    expect(await outcomes).toMatchObject([
      { reason: { code: 'ERR_CLIENT_TIMEOUT' } },
      { reason: { code: 'ERR_CLIENT_TIMEOUT' } },
    ]);
  });

  test('"stats" is not sent meanwhile, and its missing answer is no error', async () => {
    const base = await resumable({ statsIntervalMs: 1_000, requestTimeoutMs: 2_000 });
    const stats = () => base.relay.methods().filter((method) => method === 'stats').length;
    await pass(1_000);
    expect(stats()).toBe(1);
    base.relay.isReachable = false;
    base.relay.cut();
    await pass(10_000);
    base.relay.isReachable = true;
    base.relay.results.stats = () => ({});
    await pass(5_000);
    expect(stats()).toBeGreaterThan(2);
    expect(base.of('error')).toEqual([]);
    expect(base.of('connection')).toMatchObject([{}, { state: 'resumed', kept: { sent: 0 } }]);
  });
});

test('without "reconnect" nothing is resumed, and the relay is not asked to keep anything', async () => {
  const base = await resumable({ reconnect: false });
  expect(base.relay.joins).toMatchObject([{ capabilities: ['rejoin'] }]);
  expect(base.relay.acks).toEqual([]);
  base.relay.cut();
  await pass(1_000);
  expect([base.client.state, FakeSocket.all.length, base.of('connection')]).toEqual(['closed', 1, []]);
});
