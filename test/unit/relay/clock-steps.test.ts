import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hasExpired, makeBan } from '../../../src/backplane/ban-store.js';
import { tokenRefresh } from '../../../src/client/connection/token-refresh.js';
import { GrpcJsConnection } from '../../../src/grpc/grpc-js/connection.js';
import { loadGrpcJs } from '../../../src/grpc/grpc-js/load.js';
import { anonymous, chat, gift, type Session, SfuRelay } from '../../../src/index.js';
import { resolveKinds } from '../../../src/messages/message-kind.js';
import { type MessageSender, RoomMessages } from '../../../src/messages/room-messages.js';
import { collectMetrics } from '../../../src/plugins/metrics/index.js';
import { IceGathering } from '../../../src/session/peer/ice-gathering.js';
import { TokenExpiry } from '../../../src/signaling/authentication/token-expiry.js';
import {
  fakeOffer,
  type ScriptedSfu,
  startScriptedSfu,
  startSilentServer,
} from '../../../src/testing/index.js';
import { OrderedQueue } from '../../../src/util/ordered-queue.js';
import { HOUR_MS, passTime, resetClocks, STEPS, stepClock } from '../../support/clock.js';
import { parseExposition } from '../../support/exposition.js';
import { FakeSocket, installFakeBrowser } from '../client/fake-browser.js';
import { joined } from '../client/participant.js';

afterEach(() => {
  vi.useRealTimers();
  resetClocks();
});

const step = (stepMs: number) => vi.setSystemTime(Date.now() + stepMs);

describe.each(STEPS)('when the system’s clock is set %s by an hour, a relay', (_, stepMs) => {
  let sfu: ScriptedSfu;
  let relay: SfuRelay;

  beforeEach(async () => {
    sfu = await startScriptedSfu();
    relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous() });
  });
  afterEach(async () => {
    resetClocks();
    await relay.close();
    await sfu.stop();
  });

  const join = (sessionId: string, sdp = fakeOffer()): Promise<Session> =>
    relay.createSession({ sessionId, roomId: 'r', userId: sessionId, sdp });
  const layered = fakeOffer([{ kind: 'video', streamId: 's', trackId: 't', layers: ['q', 'h', 'f'] }]);

  test('lets layers be subscribed to for 20 s, and no longer', async () => {
    await join('publisher', layered);
    const viewer = await join('viewer');
    const subscription = [{ trackId: 't', subscribe: true, layer: 'f' }];
    stepClock(stepMs);
    await viewer.subscribe(subscription);
    passTime(19_000);
    await viewer.subscribe(subscription);
    passTime(1_000);
    await expect(viewer.subscribe(subscription)).rejects.toMatchObject({ code: 'ERR_RELAY_INVALID_STATE' });
  });

  test('counts how long sessions last, and no metric falls below zero', async () => {
    const registry = new Registry();
    collectMetrics(relay, { registry });
    const session = await join('publisher', layered);
    stepClock(stepMs);
    passTime(60_000);
    session.reportStats([{ id: 'a', type: 'outbound-rtp', kind: 'video', timestamp: 1, bytesSent: 1 }]);
    await relay.healthCheck();
    await session.close();
    const { sessionDurations } = relay.counters;
    expect(sessionDurations.sum).toBeGreaterThanOrEqual(60);
    expect(sessionDurations.sum).toBeLessThan(120);
    const samples = [...parseExposition(await registry.metrics()).values()].flatMap((family) => [
      ...family.samples,
    ]);
    expect(samples.length).toBeGreaterThan(100);
    expect(samples.filter(([, value]) => value < 0)).toEqual([]);
    expect(Object.values(session.stats).filter((value) => Number(value) < 0)).toEqual([]);
  });
});

describe.each(STEPS)('when the system’s clock is set %s by an hour', (_, stepMs) => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  test.each<[string, number, (gathering: IceGathering) => void]>([
    ['6 s after it began', 6_000, () => {}],
    ['soon after the last candidate', 300, (gathering) => gathering.candidate()],
  ])('ICE may be restarted %s', async (_, waitMs, gather) => {
    const gathering = new IceGathering();
    gathering.begin('ufrag pwd');
    gather(gathering);
    const settled = vi.fn();
    step(stepMs);
    void gathering.settled().then(settled);
    await vi.advanceTimersByTimeAsync(waitMs - 1);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(settled).toHaveBeenCalled();
  });

  test('a gift is carried out once', async () => {
    const { messages, heard } = room();
    const send = () => messages.send({ kind: 'gift', data: { gift: 'rose', count: 1 }, id: 'g1' }, sender());
    const receipt = await send();
    step(stepMs);
    expect(await send()).toEqual(receipt);
    await vi.advanceTimersByTimeAsync(9 * 60_000);
    step(-2 * stepMs);
    expect(await send()).toEqual(receipt);
    expect(heard).toEqual(['gift']);
  });

  test('a room’s history keeps its order, also across kinds', async () => {
    const { messages } = room();
    const told: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      if (n === 3) step(stepMs);
      await vi.advanceTimersByTimeAsync(1_000);
      const kind = n % 2 === 0 ? 'chat' : 'note';
      await messages.send({ kind, data: { text: String(n) } }, sender());
      told.push(`${kind} ${n}`);
    }
    const recent = messages.recent.map(({ kind, data }) => `${kind} ${(data as { text: string }).text}`);
    expect(recent).toEqual(told);
  });

  test('a client gives up on a new token when the old one has ended, and no sooner', async () => {
    const bring = vi.fn(() => Promise.reject(new Error('no')));
    const refresh = tokenRefresh(bring, () => {});
    refresh.begin(60_000);
    await vi.advanceTimersByTimeAsync(0);
    step(stepMs);
    await vi.advanceTimersByTimeAsync(40_000);
    const attempts = bring.mock.calls.length;
    expect(attempts).toBeGreaterThan(4);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(bring.mock.calls.length).toBeLessThan(attempts + 4);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a client comes back when the relay has told it to', async () => {
    installFakeBrowser();
    const { socket } = await joined();
    socket.notify('goaway', { reason: 'update', reconnectAfterMs: 30_000 });
    step(stepMs);
    socket.end(1001);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(FakeSocket.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.all).toHaveLength(2);
  });
});

describe('a time of day is looked at again every 30 s:', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  function expiring(lifeMs: number) {
    const onExpired = vi.fn();
    const onExpiring = vi.fn();
    const expiry = new TokenExpiry({ warningMs: 60_000, onExpiring, onExpired });
    expiry.set(Date.now() + lifeMs);
    return { onExpired, onExpiring };
  }

  test('a token ends soon after the clock was set beyond its end', () => {
    const { onExpired } = expiring(HOUR_MS);
    step(HOUR_MS);
    vi.advanceTimersByTime(30_000);
    expect(onExpired).toHaveBeenCalledOnce();
  });

  test('a token lasts for as long as its end is still to come, where the clock was set back', () => {
    const { onExpired, onExpiring } = expiring(HOUR_MS);
    step(-HOUR_MS);
    vi.advanceTimersByTime(2 * HOUR_MS - 60_001);
    expect(onExpiring).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect([onExpiring.mock.calls, onExpired.mock.calls]).toEqual([[[60_000]], []]);
    vi.advanceTimersByTime(1);
    expect(onExpired).toHaveBeenCalledOnce();
  });

  test('a ban ends at the time that it says', () => {
    const ban = makeBan('mallory', { durationMs: HOUR_MS });
    expect(hasExpired(ban)).toBe(false);
    step(HOUR_MS);
    expect(hasExpired(ban)).toBe(true);
    step(-2 * HOUR_MS);
    expect(hasExpired(ban)).toBe(false);
  });
});

test('grpc-js gives a connection up in time, whatever the clock says', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const server = await startSilentServer();
  const connection = new GrpcJsConnection(await loadGrpcJs(), {
    serverUrl: server.address,
    method: '/rtc.RTC/Signal',
    tls: undefined,
    connectTimeoutMs: 200,
    keepaliveTimeMs: 400_000,
    pingTimeoutMs: 20_000,
    onTooManyPings: () => {},
    onClosed: () => {},
  });
  const failed = expect(connection.ready(new AbortController().signal)).rejects.toMatchObject({
    code: 'ERR_RELAY_SFU_TIMEOUT',
  });
  step(-HOUR_MS);
  await failed;
  connection.close();
  await server.stop();
});

function room() {
  const heard: string[] = [];
  const kinds = resolveKinds({ chat: chat(), gift: gift(), note: { history: { maxMessages: 10 } } });
  const messages = new RoomMessages('lobby', { kinds });
  messages.recipients = {
    deliver: ({ kind }) => heard.push(kind),
    deleted: () => {},
    isPresent: () => true,
  };
  return { messages, heard };
}

function sender(): MessageSender {
  return {
    sessionId: 's',
    userId: 'alice',
    queue: new OrderedQueue(64),
    check: () => {},
    moderate: undefined,
  };
}
