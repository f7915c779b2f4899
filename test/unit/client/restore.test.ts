import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  asStream,
  asTrack,
  FakePeer,
  FakeSocket,
  FakeStream,
  FakeTrack,
  installFakeBrowser,
  newest,
} from './fake-browser.js';
import { type Joined, joined, joinResult, participant, track } from './participant.js';

let restoreBrowser: () => void;
beforeEach(() => {
  restoreBrowser = installFakeBrowser();
  vi.useFakeTimers();
});
afterEach(() => restoreBrowser());

const settle = () => vi.advanceTimersByTimeAsync(0);
const answer = { type: 'answer', sdp: 'v=0\r\n' };
const refusalOf = (code: string, retryable = false) => ({
  error: { code: -32003, message: 'No.', data: { code, retryable } },
});
/** What the open publisher connection sends. */
const sent = () => {
  const peer = FakePeer.all.find(({ isClosed }) => !isClosed);
  return peer?.transceivers.filter((each) => each.track && each.currentDirection === 'sendonly') ?? [];
};

/** With a camera and a microphone in one stream, and a screen in another. */
async function onAir(result: Parameters<typeof joined>[0] = {}) {
  const base = await joined({ sessionId: 'first', sessionToken: 'secret', ...result });
  const [camera, microphone, screen] = ['camera', 'microphone', 'screen'].map(
    (id) => new FakeTrack('video', id),
  ) as [FakeTrack, FakeTrack, FakeTrack];
  await base.client.publish(asStream(new FakeStream([camera, microphone], 'home')));
  await base.client.publish(asStream(new FakeStream([screen], 'desk')));
  return { ...base, camera, microphone, screen };
}

/** Opens the next socket, whose relay answers as `results` says, else as the first did; `error` makes it a refusal. */
async function comeBack(
  { socket }: Pick<Joined, 'socket'>,
  results: Record<string, (params: never) => unknown> = {},
): Promise<FakeSocket> {
  const before = FakeSocket.all.length;
  while (FakeSocket.all.length === before) await vi.advanceTimersByTimeAsync(100);
  const next = newest(FakeSocket.all);
  next.results = {
    ...socket.results,
    join: () => joinResult({ sessionId: `after ${before}`, sessionToken: `secret ${before}` }),
    ...results,
  };
  const { send } = next;
  next.send = (text) => {
    const { id, method, params } = JSON.parse(text);
    const result = results[method]?.(params as never);
    const isRefusal = typeof result === 'object' && result !== null && 'error' in result;
    if (!isRefusal) return send.call(next, text);
    next.sent.push({ id, method, params });
    next.receive({ id, ...result });
  };
  next.open();
  await settle();
  return next;
}

/** Refuses offers that have any of these tracks or streams. */
const without = (names: string[], code: string, retryable?: boolean) => ({
  offer: ({ desc }: { desc: { sdp: string } }) =>
    names.some((name) => desc.sdp.includes(name)) ? refusalOf(code, retryable) : answer,
});

describe('a join after a lost connection', () => {
  test('replaces the last session by its token, each time that of the newest', async () => {
    const base = await onAir();
    base.socket.end(1006);
    const second = await comeBack(base);
    expect(second.params('join')[0].replaces).toEqual({ sessionId: 'first', sessionToken: 'secret' });
    second.end(1006);
    const third = await comeBack(base);
    expect(third.params('join')[0].replaces).toEqual({ sessionId: 'after 1', sessionToken: 'secret 1' });
    expect([base.client.state, base.client.session?.sessionId]).toEqual(['joined', 'after 2']);
    expect(base.socket.url).not.toContain('secret');
  });

  test('brings the same proof again where no answer came', async () => {
    const base = await onAir();
    base.socket.end(1006);
    const deaf = await comeBack(base, { join: () => refusalOf('ERR_RELAY_SFU_TIMEOUT', true) });
    const next = await comeBack(base);
    expect(next.params('join')[0].replaces).toEqual(deaf.params('join')[0].replaces);
    expect(base.client.state).toBe('joined');
  });

  test('goes on beside the last session where its replacement is refused', async () => {
    const base = await onAir();
    base.socket.end(1006);
    const next = await comeBack(base, {
      join: ({ replaces }: { replaces?: object }) =>
        replaces ? refusalOf('ERR_RELAY_FORBIDDEN') : joinResult(),
    });
    expect(next.params('join').map(({ replaces }) => replaces?.sessionId)).toEqual(['first', undefined]);
    expect(base.client.state).toBe('joined');
  });

  test('after leave() replaces nothing', async () => {
    const base = await onAir();
    await base.client.leave();
    await base.client.join({ roomId: 'lobby' });
    expect(base.socket.params('join').at(-1)).not.toHaveProperty('replaces');
  });
});

describe('what was published', () => {
  test('comes back by one offer', async () => {
    const base = await onAir();
    base.socket.end(1006);
    const next = await comeBack(base);
    expect(next.params('offer')).toHaveLength(1);
    expect(sent().map(({ track: each }) => each?.id)).toEqual(['camera', 'microphone', 'screen']);
  });

  test('is sent but for what is refused, which is named', async () => {
    const base = await onAir();
    base.socket.end(1006);
    await comeBack(base, without(['microphone', 'desk'], 'ERR_RELAY_FORBIDDEN'));
    expect(base.client.state).toBe('joined');
    expect(sent().map(({ track: each }) => each?.id)).toEqual(['camera']);
    expect(base.of('error')).toMatchObject([
      {
        code: 'ERR_RELAY_FORBIDDEN',
        streamId: 'home',
        message: 'The stream "home" can\'t be restored: No.',
      },
      {
        code: 'ERR_RELAY_FORBIDDEN',
        streamId: 'desk',
        message: 'The stream "desk" can\'t be restored: No.',
      },
    ]);
    // It can be published anew.
    const again = base.client.publish(asStream(new FakeStream([base.screen], 'room')));
    expect(await again).toMatchObject({ streamId: 'room' });
  });

  test('is tried again while our last session holds it, and no error is told of', async () => {
    const base = await onAir();
    await base.client.setMuted(asTrack(base.microphone), true);
    base.socket.end(1006);
    const held = ['home'];
    const next = await comeBack(base, without(held, 'ERR_RELAY_SESSION_EXISTS'));
    expect(sent().map(({ track: each }) => each?.id)).toEqual(['screen']);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(sent()).toHaveLength(1);
    held.length = 0;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(sent().map(({ track: each }) => each)).toEqual([base.screen, base.camera, base.microphone]);
    expect(next.params('update').at(-1)).toMatchObject({ tracks: [{ muted: true }] });
    expect([base.client.state, base.of('error')]).toEqual(['joined', []]);
    const offers = next.params('offer').length;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(next.params('offer')).toHaveLength(offers);
  });

  test('is given up after a minute of that, and named', async () => {
    const base = await onAir();
    base.socket.end(1006);
    await comeBack(base, without(['desk'], 'ERR_RELAY_TOO_MANY', true));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(base.of('error')).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(base.of('error')).toMatchObject([{ code: 'ERR_RELAY_TOO_MANY', streamId: 'desk' }]);
    expect(base.client.state).toBe('joined');
  });

  test('and waits for another try is not forgotten when the connection breaks again', async () => {
    const base = await onAir();
    base.socket.end(1006);
    const next = await comeBack(base, without(['desk'], 'ERR_RELAY_SESSION_EXISTS'));
    expect(sent()).toHaveLength(2);
    next.end(1006);
    await comeBack(base);
    expect(
      sent()
        .map(({ track: each }) => each?.id)
        .sort(),
    ).toEqual(['camera', 'microphone', 'screen']);
    await vi.advanceTimersByTimeAsync(120_000);
    expect([sent().length, base.of('error')]).toEqual([3, []]);
  });

  test('and waits for another try is not sent once it is unpublished', async () => {
    const base = await onAir();
    base.socket.end(1006);
    const held = ['desk'];
    await comeBack(base, without(held, 'ERR_RELAY_SESSION_EXISTS'));
    await base.client.unpublish('desk');
    held.length = 0;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sent().map(({ track: each }) => each?.id)).toEqual(['camera', 'microphone']);
  });
});

describe('what was subscribed to', () => {
  const room = { participants: [participant('bob', track('t1'), track('t2'))] };

  test('is asked for but for what is refused, which is named', async () => {
    const base = await joined(room);
    await base.client.subscribe([
      { trackId: 't1', subscribe: true },
      { trackId: 't2', subscribe: true },
    ]);
    base.socket.end(1006);
    const isT1 = ({ trackId }: { trackId: string }) => trackId === 't1';
    const next = await comeBack(base, {
      join: () => joinResult(room),
      subscribe: ({ subscriptions }: { subscriptions: { trackId: string }[] }) =>
        subscriptions.some(isT1) ? refusalOf('ERR_RELAY_INVALID_PARAMS') : {},
    });
    expect(next.params('subscribe').at(-1)).toEqual({ subscriptions: [{ trackId: 't2', subscribe: true }] });
    expect(base.of('error')).toMatchObject([
      { code: 'ERR_RELAY_INVALID_PARAMS', trackId: 't1', message: 'The track "t1" can\'t be restored: No.' },
    ]);
    expect(base.client.state).toBe('joined');
    next.end(1006);
    const third = await comeBack(base, { join: () => joinResult(room) });
    expect(third.params('subscribe')).toEqual([{ subscriptions: [{ trackId: 't2', subscribe: true }] }]);
  });
});
