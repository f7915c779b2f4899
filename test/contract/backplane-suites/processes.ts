import { describe, expect, test } from 'vitest';
import type { ProcessCard } from '../../../src/backplane/backplane.js';
import { eventually } from '../../support/eventually.js';
import { type BackplaneStage, place, silent } from './stage.js';

const card = (processId: string, streams = 0): ProcessCard => ({
  processId,
  format: 1,
  version: '0.1.0',
  nodes: [{ serverUrl: 'sfu-1:5551', state: 'up', streams }],
});

const ignore = () => {};

/** Who is there, and who is not. */
export function processesSuite(stage: BackplaneStage): void {
  describe('knows the live processes', () => {
    test('by their newest cards', async () => {
      const [one, other] = await stage.two();
      expect(one.processes()).toEqual([]);
      const membership = await one.enter(card('p-1'), ignore);
      await other.enter(card('p-2'), ignore);
      membership.update(card('p-1', 12));
      const newest = expect.arrayContaining([card('p-1', 12), card('p-2')]);
      for (const each of [one, other]) await eventually(() => expect(each.processes()).toEqual(newest));
      await other.close();
      await eventually(() => expect(one.processes()).toEqual([card('p-1', 12)]));
    });

    test('and has the older membership of a process lost when it enters again', async () => {
      const [one, other] = await stage.two();
      const older = await one.enter(card('p-1'), ignore);
      const log = await one.open('lobby', silent);
      const newer = await other.enter(card('p-1'), ignore);
      expect(newer.fence).toBeGreaterThan(older.fence);
      await eventually(() => expect([older.lost.aborted, newer.lost.aborted]).toEqual([true, false]));
      expect(await log.commit(place('sfu-1'))).toMatchObject({ refused: { code: 'ERR_RELAY_CLOSED' } });
      await one.close();
      expect(other.processes()).toEqual([card('p-1')]);
    });

    test('and frees what a process had in a room that it leaves', async () => {
      const [one, other] = await stage.two();
      await one.enter(card('p-1'), ignore);
      await other.enter(card('p-2'), ignore);
      const ofBoth = <Value>(key: (processId: string) => string, value: Value) =>
        new Map(['p-1', 'p-2'].map((processId) => [key(processId), value]));
      const log = await one.open('lobby', silent);
      const watched = await other.open('lobby', silent);
      await log.commit(() => ({
        audience: ofBoth((processId) => processId, 3),
        gates: ofBoth((processId) => `1 ${processId}`, 'joined'),
        claims: ofBoth((processId) => `${processId} session of ${processId}`, ['track camera']),
      }));
      await one.close();
      await eventually(() =>
        expect(watched.state).toEqual({
          generation: 0,
          audience: new Map([['p-2', 3]]),
          gates: new Map([['1 p-2', 'joined']]),
          claims: new Map([['p-2 session of p-2', ['track camera']]]),
        }),
      );
    });

    test('and lets a process that was taken for dead go on once it has entered again', async () => {
      const [one, other] = await stage.two();
      await one.enter(card('p-1'), ignore);
      const log = await one.open('lobby', silent);
      await other.enter(card('p-1'), ignore);
      await one.enter(card('p-1'), ignore);
      expect(await log.commit(place('sfu-1'))).toMatchObject({ revision: 1 });
    });
  });

  describe('sends a text', () => {
    test('to the process that it names', async () => {
      const [one, other] = await stage.two();
      const texts: string[] = [];
      await one.enter(card('p-1'), ignore);
      await other.enter(card('p-2'), (text) => texts.push(text));
      expect(await one.send('p-2', 'hello')).toBe(true);
      expect(await one.send('p-1', 'to itself')).toBe(true);
      await eventually(() => expect(texts).toEqual(['hello']));
    });

    test('to nobody, where there is no such process, or none any more', async () => {
      const [one, other] = await stage.two();
      await other.enter(card('p-2'), ignore);
      expect(await one.send('p-3', 'hello')).toBe(false);
      await other.close();
      expect(await one.send('p-2', 'hello')).toBe(false);
    });

    test('to a process that fails to handle it, without harm to the sender', async () => {
      const [one, other] = await stage.two();
      const texts: string[] = [];
      await other.enter(card('p-2'), (text) => {
        texts.push(text);
        throw new Error('the receiver has failed');
      });
      expect(await one.send('p-2', 'first')).toBe(true);
      expect(await one.send('p-2', 'second')).toBe(true);
      await eventually(() => expect(texts).toEqual(['first', 'second']));
    });
  });

  test('refuses everything of a process that has closed', async () => {
    const [one, other] = await stage.two();
    const membership = await one.enter(card('p-1'), ignore);
    const log = await one.open('lobby', silent);
    await log.commit(place('sfu-1'));
    await one.close();
    await one.close();
    const closed = { code: 'ERR_RELAY_CLOSED' };
    expect(await log.commit(place('sfu-1'))).toMatchObject({ refused: closed });
    await expect((async () => one.open('lobby', silent))()).rejects.toMatchObject(closed);
    await expect((async () => one.enter(card('p-1'), ignore))()).rejects.toMatchObject(closed);
    await expect((async () => one.reserve('rooms', 'lobby', 1))()).rejects.toMatchObject(closed);
    expect(membership.lost).toMatchObject({ aborted: true, reason: closed });
    expect((await other.open('lobby', silent)).state).toEqual({ generation: 0 });
  });
}
