import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { acceptConnection, anonymous, type ConnectionHandle, SfuRelay } from '../../../../src/index.js';

describe('the heartbeat, of 7 s where nothing else is said', () => {
  let relay: SfuRelay;
  let connection: ConnectionHandle;
  let pings: number;
  let terminated: number | undefined;
  let closed: number | undefined;
  let backlog: number;

  beforeEach(() => {
    vi.useFakeTimers();
    relay = new SfuRelay({ sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous() });
    [pings, terminated, closed, backlog] = [0, undefined, undefined, 0];
    const socket = {
      protocol: '',
      get bufferedAmount() {
        return backlog;
      },
      send() {},
      ping() {
        pings += 1;
      },
      close(code: number) {
        closed = code;
      },
      terminate() {
        terminated = Date.now();
      },
    };
    const request = { url: '/rtc', headers: {}, remoteAddress: '127.0.0.1' };
    connection = acceptConnection(relay, socket, request, {
      handshakeTimeoutMs: 600_000,
      idleTimeoutMs: 600_000,
    });
  });
  afterEach(async () => {
    connection.closed();
    vi.useRealTimers();
    await relay.close({ timeoutMs: 100 });
  });

  test('asks nothing of a client that is heard', () => {
    for (let second = 0; second < 60; second += 1) {
      vi.advanceTimersByTime(1_000);
      connection.receive('{"id":1,"method":"ping"}');
    }
    expect(pings).toBe(0);
    expect(terminated).toBeUndefined();
  });

  test('closes a connection on which more waits than may, whatever it is made of', () => {
    backlog = 1_000_000;
    vi.advanceTimersByTime(7_000);
    expect(closed).toBeUndefined();
    backlog = 2_000_000;
    vi.advanceTimersByTime(7_000);
    expect(closed).toBe(4508);
  });

  test('asks a silent one, and keeps it as long as it answers', () => {
    for (let second = 0; second < 140; second += 1) {
      const before = pings;
      vi.advanceTimersByTime(1_000);
      if (pings > before) connection.pong();
    }
    expect(pings).toBe(10);
    expect(terminated).toBeUndefined();
  });

  test.each([0, 3_500, 6_999])(
    'drops one that answers no two pings, within 28 s of when it was last heard (%i ms after a beat)',
    (afterBeat) => {
      vi.advanceTimersByTime(7_000 + afterBeat);
      connection.pong();
      const heard = Date.now();
      vi.advanceTimersByTime(60_000);
      expect(pings).toBe(2);
      expect((terminated ?? Number.NaN) - heard).toBe(28_000 - afterBeat);
    },
  );
});
