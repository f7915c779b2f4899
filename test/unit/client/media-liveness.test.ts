import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isAlive } from '../../../src/client/media/liveness.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection whose counts of received bytes are these, one after the other. */
function connection(...counts: number[]): RTCPeerConnection {
  return inState('connected', ...counts);
}
function inState(connectionState: RTCPeerConnectionState, ...counts: number[]): RTCPeerConnection {
  const getStats = async () =>
    new Map([['pair', { type: 'candidate-pair', bytesReceived: counts.shift() ?? 0 }]]);
  return { getStats, connectionState } as unknown as RTCPeerConnection;
}

async function verdict(...connections: RTCPeerConnection[]): Promise<boolean> {
  const alive = isAlive(connections, []);
  await vi.advanceTimersByTimeAsync(8_000);
  return alive;
}

test('media is alive where each connection has received more after a moment', async () => {
  expect(await verdict(connection(100, 101), connection(5, 900))).toBe(true);
  expect(await verdict(connection(100, 101), connection(900, 900))).toBe(false);
});

test('a connection that has received nothing so far says nothing', async () => {
  expect(await verdict(connection(0, 0))).toBe(true);
  expect(await verdict()).toBe(true);
});

test('a connection of which the browser has no count any more may be alive', async () => {
  expect(await verdict(connection(100, 0))).toBe(true);
});

test('a subscriber connection is dead where the browser says so within 8 s, whatever it receives', async () => {
  const among = async (subscriber: RTCPeerConnection, later?: RTCPeerConnectionState) => {
    const alive = isAlive([connection(1, 2)], [subscriber]);
    await vi.advanceTimersByTimeAsync(2_000);
    if (later) Object.assign(subscriber, { connectionState: later });
    await vi.advanceTimersByTimeAsync(6_000);
    return alive;
  };
  expect(await among(inState('connected', 7, 7))).toBe(true);
  expect(await among(inState('new'))).toBe(true);
  expect(await among(inState('disconnected', 7, 8))).toBe(false);
  expect(await among(inState('failed', 7, 7))).toBe(false);
  expect(await among(inState('connected', 7, 8), 'disconnected')).toBe(false);
});
