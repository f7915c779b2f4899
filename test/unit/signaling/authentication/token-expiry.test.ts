import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TokenExpiry } from '../../../../src/signaling/authentication/token-expiry.js';

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function watch(lifeMs: number | undefined, warningMs = 60_000) {
  const heard: unknown[] = [];
  const expiry = new TokenExpiry({
    warningMs,
    onExpiring: (expiresInMs) => heard.push(expiresInMs),
    onExpired: () => heard.push('expired'),
  });
  expiry.set(lifeMs === undefined ? undefined : Date.now() + lifeMs);
  return { expiry, heard };
}

test('no expiry, no timer', () => {
  watch(undefined);
  expect(vi.getTimerCount()).toBe(0);
});

test('warns once, then ends, on one timer', () => {
  const { heard } = watch(600_000);
  vi.advanceTimersByTime(539_999);
  expect([heard, vi.getTimerCount()]).toEqual([[], 1]);
  vi.advanceTimersByTime(1);
  expect([heard, vi.getTimerCount()]).toEqual([[60_000], 1]);
  vi.advanceTimersByTime(60_000);
  expect([heard, vi.getTimerCount()]).toEqual([[60_000, 'expired'], 0]);
});

test('warns in the middle of a life shorter than two warnings', () => {
  const { heard } = watch(30_000);
  vi.advanceTimersByTime(15_000);
  expect(heard).toEqual([15_000]);
});

test('lasts longer than a timer can', () => {
  const { heard } = watch(100 * DAY_MS);
  vi.advanceTimersByTime(100 * DAY_MS - 60_001);
  expect(heard).toEqual([]);
  vi.advanceTimersByTime(60_001);
  expect(heard).toEqual([60_000, 'expired']);
});

test('ends at once where the machine has slept over it', () => {
  const { heard } = watch(600_000);
  vi.setSystemTime(Date.now() + DAY_MS);
  vi.advanceTimersByTime(540_000);
  expect(heard).toEqual(['expired']);
});

test('a later end takes the place of the first, with a warning of its own', () => {
  const { expiry, heard } = watch(120_000);
  vi.advanceTimersByTime(60_000);
  expiry.set(Date.now() + 600_000);
  vi.advanceTimersByTime(540_000);
  expect([heard, vi.getTimerCount()]).toEqual([[60_000, 60_000], 1]);
});

test('is only shortened by an earlier end', () => {
  const { expiry, heard } = watch(600_000);
  expiry.shorten(undefined);
  expiry.shorten(Date.now() + 900_000);
  expiry.shorten(Date.now() + 20_000);
  vi.advanceTimersByTime(20_000);
  expect(heard).toEqual([10_000, 'expired']);
});

test('reminds of a warning that was given, and of nothing else', () => {
  const { expiry, heard } = watch(120_000);
  expiry.remind();
  expect(heard).toEqual([]);
  vi.advanceTimersByTime(70_000);
  expiry.remind();
  expect(heard).toEqual([60_000, 50_000]);
});

test('is silent once it is disposed of, whatever comes after', () => {
  const { expiry, heard } = watch(1_000);
  expiry.dispose();
  expiry.set(Date.now() + 1_000);
  vi.advanceTimersByTime(10_000);
  expect([heard, vi.getTimerCount()]).toEqual([[], 0]);
});
