import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Subscriber } from '../../../src/session/peer/subscriber.js';
import { SessionPresence } from '../../../src/session/session-presence.js';

const GRACE_MS = 30_000;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A joined session, and what everybody is told of its client's connections. */
function stage() {
  const told: string[] = [];
  const session = {
    id: 's1',
    state: 'joined',
    room: {
      members: { setConnection: (_: unknown, connection: string) => void told.push(`room: ${connection}`) },
    },
    emitter: {
      emit: (name: string, event: object) => void told.push(`event: ${name} ${JSON.stringify(event)}`),
    },
    peers: { all: [{ restartAnswerTime: () => void told.push('the time to answer begins') }] },
  };
  const presence = new SessionPresence(session as never, {
    lost: (id, { code, message }) => void told.push(`lost: ${id} ${code} ${message}`),
    ended: (id, outcome, ms) => void told.push(`ended: ${id} ${outcome} ${ms}`),
  });
  const detach = (overrides: Partial<Parameters<SessionPresence['detach']>[0]> = {}) =>
    presence.detach({
      reason: 'It broke.',
      graceMs: GRACE_MS,
      onExpired: () => void told.push('expired'),
      ...overrides,
    });
  return { presence, session, detach, take: () => told.splice(0) };
}

describe('a session whose client loses its connection', () => {
  test('is detached at once; the room is notified a second later, and again when the client is back', () => {
    const { presence, detach, take } = stage();
    expect([presence.isDetached, presence.detachedMs]).toEqual([false, 0]);
    detach();
    expect(take()).toEqual([
      'lost: s1 ERR_RELAY_ABORTED It broke.',
      `event: detached {"graceMs":${GRACE_MS},"reason":"It broke."}`,
    ]);
    vi.advanceTimersByTime(999);
    expect([presence.isDetached, presence.detachedMs]).toEqual([true, 999]);
    expect(take()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(take()).toEqual(['room: interrupted']);
    vi.advanceTimersByTime(4_000);
    presence.attach('resumed');
    expect([presence.isDetached, presence.detachedMs]).toEqual([false, 0]);
    expect(take()).toEqual([
      'the time to answer begins',
      'room: restored',
      'ended: s1 resumed 5000',
      'event: attached {"detachedMs":5000}',
    ]);
  });

  test('is not mentioned to the room if the client is back within a second', () => {
    const { presence, detach, take } = stage();
    detach();
    vi.advanceTimersByTime(999);
    presence.attach('snapshot');
    vi.advanceTimersByTime(GRACE_MS);
    expect(take().filter((line) => line.startsWith('room'))).toEqual([]);
  });

  test('notifies the room of each loss, and has no timer in between', () => {
    const { presence, detach, take } = stage();
    for (let n = 0; n < 2; n += 1) {
      detach();
      vi.advanceTimersByTime(2_000);
      presence.attach('resumed');
      expect(vi.getTimerCount()).toBe(0);
    }
    expect(take().filter((line) => line.startsWith('room'))).toEqual([
      'room: interrupted',
      'room: restored',
      'room: interrupted',
      'room: restored',
    ]);
  });

  test('is not mentioned again for a short loss after a long one', () => {
    const { presence, detach, take } = stage();
    detach();
    vi.advanceTimersByTime(2_000);
    presence.attach('resumed');
    take();
    detach();
    presence.attach('resumed');
    expect(take().filter((line) => line.startsWith('room'))).toEqual([]);
  });

  test('expires after the grace time, and counts so when it ends', () => {
    const { presence, session, detach, take } = stage();
    detach();
    vi.advanceTimersByTime(GRACE_MS - 1);
    expect(take()).not.toContain('expired');
    vi.advanceTimersByTime(1);
    expect(take()).toEqual(['expired']);
    session.state = 'closing';
    presence.left();
    expect(take()).toEqual([`ended: s1 expired ${GRACE_MS}`]);
  });

  test('never expires if it ends before', () => {
    const { presence, session, detach, take } = stage();
    detach();
    session.state = 'closing';
    presence.left();
    presence.left();
    expect(vi.getTimerCount()).toBe(0);
    expect(take().slice(2)).toEqual(['ended: s1 left 0']);
    expect(presence.isDetached).toBe(false);
  });

  test('a second loss before it is back has no effect: the first grace time goes on', () => {
    const { detach, take } = stage();
    detach();
    vi.advanceTimersByTime(GRACE_MS / 2);
    take();
    detach({ reason: 'Again.' });
    vi.advanceTimersByTime(GRACE_MS / 2);
    expect(take()).toEqual(['expired']);
  });

  test('has an error by the reason of the loss', () => {
    const { detach, take } = stage();
    detach({ reason: 'Too slow.', code: 'ERR_RELAY_SLOW_CONSUMER' });
    expect(take()[0]).toBe('lost: s1 ERR_RELAY_SLOW_CONSUMER Too slow.');
  });

  test('that has ended can be neither detached nor attached', () => {
    const { presence, session, detach, take } = stage();
    session.state = 'closing';
    detach();
    presence.attach('resumed');
    expect([take(), presence.isDetached, vi.getTimerCount()]).toEqual([[], false, 0]);
  });

  test('that its hook ends has no event afterwards', () => {
    const { presence, session, take } = stage();
    const told: unknown[] = [];
    const end = () => {
      session.state = 'closing';
      hooked.left();
    };
    const hooked = new SessionPresence(session as never, {
      lost: end,
      ended: (_, outcome) => void told.push(outcome),
    });
    hooked.detach({ reason: 'It broke.', graceMs: GRACE_MS, onExpired: () => {} });
    expect([told, take(), vi.getTimerCount()]).toEqual([['left'], [], 0]);
    expect(presence.isDetached).toBe(false);
  });

  test('that the hook of its return ends has no event afterwards', () => {
    const { session, take } = stage();
    const hooked = new SessionPresence(session as never, {
      lost: () => {},
      ended: () => {
        session.state = 'closing';
        hooked.left();
      },
    });
    hooked.detach({ reason: 'It broke.', graceMs: GRACE_MS, onExpired: () => {} });
    hooked.attach('resumed');
    expect(take().filter((line) => line.startsWith('event: attached'))).toEqual([]);
  });
});

test('a connection that replaces one whose loss was not noticed gets the time to answer, and is only counted', () => {
  const { presence, take } = stage();
  presence.attach('resumed');
  expect(take()).toEqual(['the time to answer begins', 'ended: s1 resumed undefined']);
});

describe('the time to answer an offer, begun again', () => {
  const ANSWER_MS = 1_000;

  function subscriber({ isHeard = true } = {}) {
    const onUnanswered = vi.fn();
    const emitter = { offer: () => isHeard, candidate: () => isHeard };
    const setup = { number: 1, emitter: emitter as never, answerTimeoutMs: ANSWER_MS, onUnanswered };
    const one = new Subscriber(setup);
    one.open();
    one.offer({ type: 'offer', sdp: 'v=0' });
    vi.advanceTimersByTime(ANSWER_MS - 1);
    return { one, onUnanswered };
  }

  test('is the full time', () => {
    const { one, onUnanswered } = subscriber();
    one.restartAnswerTime();
    vi.advanceTimersByTime(ANSWER_MS - 1);
    expect(onUnanswered).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onUnanswered).toHaveBeenCalledOnce();
  });

  test('begins again after it has passed, too', () => {
    const { one, onUnanswered } = subscriber();
    vi.advanceTimersByTime(1);
    one.restartAnswerTime();
    vi.advanceTimersByTime(ANSWER_MS);
    expect(onUnanswered).toHaveBeenCalledTimes(2);
  });

  test.each<[string, (one: Subscriber) => void]>([
    ['was answered', (one) => one.answered()],
    ['belongs to a peer that has left', (one) => one.stop()],
  ])('does not begin for an offer that %s', (_, change) => {
    const { one } = subscriber();
    change(one);
    one.restartAnswerTime();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not begin before the offer has a listener', () => {
    const { one } = subscriber({ isHeard: false });
    one.restartAnswerTime();
    expect(vi.getTimerCount()).toBe(0);
  });
});
