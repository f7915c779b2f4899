import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../../src/index.js';
import { ByteBudget } from '../../../../src/signaling/wire/byte-budget.js';

const KiB = 1024;

describe('the bytes of messages that wait', () => {
  test('are 64 KiB, and one message of any size', () => {
    const budget = new ByteBudget();
    for (let n = 0; n < 32; n += 1) {
      expect(budget.hasRoomFor(KiB)).toBe(true);
      budget.add(KiB);
    }
    expect(budget.hasRoomFor(200 * KiB)).toBe(true);
    budget.add(200 * KiB);
    expect(budget.hasRoomFor(200 * KiB)).toBe(false);
    expect(budget.hasRoomFor(KiB)).toBe(true);
  });

  test('are free again when the messages wait no longer, in any order', () => {
    const budget = new ByteBudget();
    const sizes = [200 * KiB, 20 * KiB, 20 * KiB, 10 * KiB];
    for (const size of sizes) budget.add(size);
    expect(budget.hasRoomFor(20 * KiB)).toBe(false);
    for (const size of [20, 200, 10, 20]) budget.remove(size * KiB);
    for (const size of sizes) {
      expect(budget.hasRoomFor(size)).toBe(true);
      budget.add(size);
    }
  });

  test('small ones count with what they cost beside their text', () => {
    const budget = new ByteBudget();
    let count = 0;
    for (; budget.hasRoomFor(30); count += 1) budget.add(30);
    expect(count).toBeLessThan(LIMITS.maxWaitingBytes / 512 + 2);
  });

  test('do not include what is done within its turn', async () => {
    const budget = new ByteBudget();
    const later = async () => {
      for (let n = 0; n < 20; n += 1) await undefined;
    };
    for (let n = 0; n < 1_000; n += 1) budget.track(KiB, later());
    expect(budget.hasRoomFor(60 * KiB)).toBe(true);
    await turn();
    expect(budget.hasRoomFor(60 * KiB)).toBe(true);
    budget.add(60 * KiB);
    expect(budget.hasRoomFor(200 * KiB)).toBe(true);
  });

  test('include what outlives its turn, until it is done', async () => {
    const budget = new ByteBudget();
    let done = () => {};
    const pending = new Promise<void>((resolve) => (done = resolve));
    for (let n = 0; n < 200; n += 1) budget.track(KiB, pending);
    await turn();
    expect(budget.hasRoomFor(1)).toBe(false);
    done();
    await turn();
    expect(budget.hasRoomFor(60 * KiB)).toBe(true);
  });
});
