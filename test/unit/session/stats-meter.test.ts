import { describe, expect, test } from 'vitest';
import type { StatsReport } from '../../../src/index.js';
import { StatsMeter } from '../../../src/session/stats-meter.js';

const meter = () => new StatsMeter({ sessionId: 's', roomId: 'r', userId: 'u', role: 'publisher' });

const outbound = (timestamp: number, bytesSent: number, more: object = {}) => ({
  id: 'OT1',
  type: 'outbound-rtp',
  kind: 'video',
  timestamp,
  bytesSent,
  packetsSent: bytesSent / 1000,
  ...more,
});

const inbound = (timestamp: number, packetsReceived: number, packetsLost: number, more: object = {}) => ({
  id: 'IT1',
  type: 'inbound-rtp',
  kind: 'audio',
  timestamp,
  bytesReceived: packetsReceived * 100,
  packetsReceived,
  packetsLost,
  jitter: 0.004,
  ...more,
});

describe('the figures', () => {
  test('are null before the first report', () => {
    expect(meter().current).toEqual({
      sessionId: 's',
      roomId: 'r',
      userId: 'u',
      role: 'publisher',
      videoBitrate: null,
      audioBitrate: null,
      packetLoss: null,
      jitter: null,
      roundTripTime: null,
      updatedAt: null,
    });
  });

  test('are null where reports do not say them: differences after the first, the rest where it is not in the last', () => {
    const stats = meter();
    expect(stats.report([inbound(0, 100, 0)])).toMatchObject({
      ...{ videoBitrate: null, audioBitrate: null, packetLoss: null, jitter: 4, roundTripTime: null },
      updatedAt: expect.any(Number),
    });
    expect(stats.report([inbound(1_000, 100, 0)])).toMatchObject({
      ...{ videoBitrate: 0, audioBitrate: 0, packetLoss: 0, jitter: 4, roundTripTime: null },
    });
    expect(stats.report([outbound(2_000, 0)])).toMatchObject({
      ...{ videoBitrate: 0, audioBitrate: 0, packetLoss: null, jitter: null, roundTripTime: null },
    });
  });

  test('of a sender come from what it sends, and what the SFU says of it, in bit/s and ms', () => {
    const stats = meter();
    const remote = {
      id: 'RI1',
      type: 'remote-inbound-rtp',
      kind: 'video',
      timestamp: 1,
      fractionLost: 0.02,
      jitter: 0.005,
      roundTripTime: 0.04,
    };
    stats.report([outbound(1_000, 0), remote]);
    const after = stats.report([
      outbound(3_000, 500_000),
      { ...outbound(3_000, 8_000), id: 'OT2', kind: 'audio' },
      remote,
    ]);
    expect(after).toMatchObject({
      videoBitrate: 2_000_000,
      audioBitrate: 0,
      packetLoss: 0.02,
      jitter: 5,
      roundTripTime: 40,
    });
    expect(after.updatedAt).toBeGreaterThan(0);
    expect(stats.current).toBe(after);
  });

  test('add up the layers of a simulcast', () => {
    const stats = meter();
    const layers = (timestamp: number, bytes: number) =>
      ['f', 'h', 'q'].map((rid) => outbound(timestamp, bytes, { id: `OT-${rid}`, rid }));
    stats.report(layers(0, 0));
    expect(stats.report(layers(1_000, 1_000)).videoBitrate).toBe(24_000);
  });

  test('of a receiver come from what it receives, losses from the differences', () => {
    const stats = meter();
    const pair = {
      id: 'CP',
      type: 'candidate-pair',
      timestamp: 1,
      nominated: true,
      currentRoundTripTime: 0.02,
    };
    stats.report([inbound(0, 100, 50), pair]);
    const after = stats.report([
      inbound(1_000, 190, 60),
      pair,
      { ...pair, id: 'CP2', nominated: false, currentRoundTripTime: 9 },
    ]);
    expect(after).toMatchObject({ audioBitrate: 72_000, packetLoss: 0.1, jitter: 4, roundTripTime: 20 });
  });

  test('of a counter that went back, or a clock that stood still, are measured from the next report on', () => {
    const stats = meter();
    stats.report([outbound(1_000, 500_000)]);
    expect(stats.report([outbound(2_000, 1_000)]).videoBitrate).toBe(0);
    expect(stats.report([outbound(2_000, 9_000)]).videoBitrate).toBe(0);
    expect(stats.report([outbound(3_000, 10_000)]).videoBitrate).toBe(8_000);
  });

  test('ignore other types, and what getStats leaves out', () => {
    const stats = meter();
    stats.report([{ id: 'C', type: 'codec', timestamp: 1, mimeType: 'video/VP8' }]);
    stats.report([{ id: 'OT1', type: 'outbound-rtp', kind: 'video', timestamp: 1 }]);
    expect(stats.current.videoBitrate).toBe(0);
  });

  test('packets lost below zero, as RFC 3550 allows, count as none', () => {
    const stats = meter();
    stats.report([inbound(0, 100, -3)]);
    expect(stats.report([inbound(1_000, 200, -5)]).packetLoss).toBe(0);
  });
});

describe('nonsense is refused, and the figures stay as they were', () => {
  test.each<[string, unknown]>([
    ['no list', { OT1: {} }],
    ['an entry that is null', [null]],
    ['no id', [{ type: 'outbound-rtp' }]],
    ['no type', [{ id: 'x' }]],
    ['text for a number', [outbound(1_000, 0, { bytesSent: '5' })]],
    ['NaN, which JSON makes null of elsewhere', [outbound(1_000, Number.NaN)]],
    ['a negative counter', [outbound(1_000, -1)]],
    ['an unknown kind', [outbound(1_000, 0, { kind: 'smell' })]],
    ['the same id twice', [outbound(1_000, 0), outbound(1_000, 0)]],
    ['a loss above 1', [{ id: 'R', type: 'remote-inbound-rtp', timestamp: 1, fractionLost: 7 }]],
    ['an hour of round trip', [{ id: 'R', type: 'remote-inbound-rtp', timestamp: 1, roundTripTime: 3_600 }]],
    ['a terabit a second', [outbound(500, 1e15)]],
    [
      'too many entries',
      Array.from({ length: 513 }, (_, n) => ({ id: `${n}`, type: 'codec', timestamp: 1 })),
    ],
  ])('%s', (_, report) => {
    const stats = meter();
    stats.report([outbound(0, 0)]);
    const before = stats.current;
    expect(() => stats.report(report as StatsReport)).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_INVALID_PARAMS' }),
    );
    expect(stats.current).toBe(before);
  });
});
