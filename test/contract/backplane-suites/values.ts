import { describe, expect, test } from 'vitest';
import type { Backplane } from '../../../src/backplane/backplane.js';
import type { BackplaneStage } from './stage.js';

/** Exact counts, and values that expire. */
export function valuesSuite(stage: BackplaneStage): void {
  describe('reserves', () => {
    test('exactly as many as a scope has, however many processes ask at once', async () => {
      const processes = await Promise.all([1, 2, 3, 4].map(() => stage.process()));
      const ask = (n: number) => processes.flatMap((each, of) => each.reserve('rooms', `${of}-${n}`, 10));
      const granted = await Promise.all(Array.from({ length: 25 }, (_, n) => ask(n)).flat());
      expect(granted.filter(Boolean)).toHaveLength(10);
    });

    test('in each scope apart', async () => {
      const backplane = await stage.process();
      expect(await backplane.reserve('user alice', 'session-a', 1)).toBe(true);
      expect(await backplane.reserve('user bob', 'session-b', 1)).toBe(true);
      expect(await backplane.reserve('user bob', 'session-c', 1)).toBe(false);
    });

    test('one and the same once', async () => {
      const [one, other] = await stage.two();
      for (const each of [one, one, other]) expect(await each.reserve('rooms', 'lobby', 2)).toBe(true);
      expect(await other.reserve('rooms', 'lounge', 2)).toBe(true);
      expect(await one.reserve('rooms', 'garden', 2)).toBe(false);
      expect(await one.reserve('rooms', 'lobby', 2)).toBe(true);
    });

    test('again what was released, and only by the process that holds it', async () => {
      const [one, other] = await stage.two();
      await one.reserve('rooms', 'lobby', 1);
      other.release('rooms', 'lobby');
      expect(await other.reserve('rooms', 'lounge', 1)).toBe(false);
      one.release('rooms', 'nothing');
      one.release('rooms', 'lobby');
      await expect.poll(() => other.reserve('rooms', 'lounge', 1)).toBe(true);
      expect(await one.reserve('rooms', 'lobby', 1)).toBe(false);
    });

    test('again what a process held that has closed', async () => {
      const [one, other] = await stage.two();
      await one.reserve('rooms', 'lobby', 2);
      await one.reserve('users', 'alice', 1);
      await other.reserve('rooms', 'lounge', 2);
      await one.close();
      expect(await other.reserve('rooms', 'garden', 2)).toBe(true);
      expect(await other.reserve('rooms', 'attic', 2)).toBe(false);
      expect(await other.reserve('users', 'bob', 1)).toBe(true);
    });
  });

  describe('keeps a value', () => {
    test('for all processes, until its time is over', async () => {
      const [one, other] = await stage.two();
      await one.put('session-a', 'p-1', 1_000);
      await one.put('session-b', 'p-1', 60_000);
      expect(await other.get('session-a')).toBe('p-1');
      await stage.later(1_100);
      expect(await other.get('session-a')).toBeUndefined();
      expect(await other.get('session-b')).toBe('p-1');
    });

    test('until the time of its newest version is over', async () => {
      const [one, other] = await stage.two();
      await one.put('session-a', 'p-1', 1_000);
      await stage.later(700);
      await other.put('session-a', 'p-2', 1_000);
      await stage.later(700);
      expect(await one.get('session-a')).toBe('p-2');
    });

    test('that the first of several processes has set, until its time is over', async () => {
      const processes = await Promise.all([1, 2, 3].map(() => stage.process()));
      const values = await Promise.all(processes.map((each, n) => each.claim('key', `p-${n}`, 1_000)));
      expect(new Set(values).size).toBe(1);
      const [one, other] = processes as [Backplane, Backplane];
      expect(await other.get('key')).toBe(values[0]);
      await other.put('key', 'p-9', 1_000);
      expect(await one.claim('key', 'p-0', 60_000)).toBe('p-9');
      await stage.later(1_100);
      expect(await one.claim('key', 'p-0', 60_000)).toBe('p-0');
    });

    test('in place of another one, which one of several processes replaces', async () => {
      const processes = await Promise.all([1, 2, 3].map(() => stage.process()));
      const [one] = processes as [Backplane];
      await one.claim('key', 'gone', 1_000);
      expect(await one.claim('key', 'p-0', 60_000, 'another')).toBe('gone');
      const claims = processes.map((each, n) => each.claim('key', `p-${n}`, 60_000, 'gone'));
      const values = await Promise.all(claims);
      expect([...new Set(values)]).toEqual([await one.get('key')]);
      expect(values).not.toContain('gone');
      await stage.later(1_100);
      expect(await one.get('key')).toBe(values[0]);
    });

    test('for years, if it shall', async () => {
      const backplane = await stage.process();
      await backplane.put('session-a', 'p-1', 400 * 86_400_000);
      await stage.later(100);
      expect(await backplane.get('session-a')).toBe('p-1');
    });
  });
}
