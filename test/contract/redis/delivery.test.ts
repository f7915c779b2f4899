import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomFields } from '../../../src/backplane/backplane.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { REDIS_PACKAGES } from '../../support/redis-clients.js';
import { note, place } from '../backplane-suites/stage.js';
import { changesOf, notesOf, type Peer, RedisStage, seat, seatsOf, snapshotsOf } from './stage.js';

const count = ({ generation }: RoomFields) => ({ generation: generation + 1 });

/** Changes the room all the time, until `isOver` or the end of the test. */
async function keepChanging({ log }: Peer, isOver: () => boolean): Promise<void> {
  while (!isOver()) if ((await log.commit(count)).refused) return;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describeReal(['redis'], 'what processes tell each other by Redis', () => {
  let stage: RedisStage;
  beforeEach(async () => {
    stage = await RedisStage.start();
  });
  afterEach(() => stage.stop());

  test('arrives once and in order: 1,000 seats of four processes at once, which use two packages', async () => {
    const names = [...REDIS_PACKAGES, ...REDIS_PACKAGES];
    const peers = await Promise.all(names.map((name, n) => stage.peer(`p-${n}`, name)));
    const sessions = (of: number) => numbers(1, 250).map((n) => `session-${of}-${n}`);
    await Promise.all(peers.flatMap(({ log }, of) => sessions(of).map((id) => log.commit(seat(id)))));
    for (const peer of peers) {
      await eventually(() => expect(peer.log.state.seats?.size).toBe(1_000));
      expect(changesOf(peer)).toEqual(numbers(1, 1_000));
      expect(snapshotsOf(peer)).toHaveLength(1);
    }
    // Grouped: far fewer scripts than commits.
    const stats = String(await stage.redis('INFO', 'commandstats'));
    const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, calls]) => Number(calls));
    expect(calls.reduce((sum, each) => sum + each, 0)).toBeLessThan(500);
  });

  test('has nothing of a session after its seat is taken, wherever it is sent', async () => {
    const [one, other] = [await stage.peer('p-1', 'redis'), await stage.peer('p-2', 'ioredis')];
    for (let round = 0; round < 20; round += 1) {
      await one.log.commit(seat('loud'));
      const sending = numbers(1, 20).map((n) => one.log.append('loud', note(`${round}-${n}`)));
      const taking = other.log.commit(() => ({ seats: new Map([['loud', undefined]]) }));
      await Promise.all([...sending, taking]);
      await eventually(() => expect(one.log.state.seats).toBeUndefined());
    }
    await eventually(() => expect(notesOf(other)).toEqual(notesOf(one)));
    for (const { news } of [one, other]) {
      let isSeated = false;
      for (const each of news as { change?: RoomFields; entry?: unknown }[]) {
        if (each.change) isSeated = each.change.seats?.get('loud') !== undefined;
        if (each.entry) expect(isSeated).toBe(true);
      }
    }
  });

  test('is heard while a room is opened, too: it has one snapshot, and every change after it', async () => {
    const near = await stage.peer('p-1');
    let isOver = false;
    const changing = keepChanging(near, () => isOver);
    for (let n = 2; n < 12; n += 1) {
      const far = await stage.peer(`p-${n}`, n % 2 === 0 ? 'redis' : 'ioredis');
      const [{ revision }] = far.news as [{ revision: number }];
      await eventually(() => expect(changesOf(far).length).toBeGreaterThan(20));
      expect(snapshotsOf(far)).toHaveLength(1);
      expect(changesOf(far)).toEqual(changesOf(far).map((_, at) => revision + 1 + at));
    }
    isOver = true;
    await changing;
  });

  describe.each(REDIS_PACKAGES)('survives with clients of %s', (name) => {
    let near: Peer;
    let far: Peer;
    let proxy: Awaited<ReturnType<RedisStage['proxy']>>;
    beforeEach(async () => {
      proxy = await stage.proxy();
      near = await stage.peer('p-1', name);
      far = await stage.peer('p-2', name, proxy.url);
      await near.log.commit(seat('of-1'));
      await eventually(() => expect(seatsOf(far)).toEqual(['of-1']));
    });

    test('a subscription that is cut: nothing is missing', async () => {
      proxy.refuses = true;
      expect(await stage.redis('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBeGreaterThan(0);
      for (let n = 2; n <= 40; n += 1) {
        await near.log.commit(count);
        await near.log.append('of-1', note(`note ${n}`));
      }
      expect(changesOf(far)).toEqual([1]);
      proxy.refuses = false;
      await eventually(() => expect(notesOf(far)).toHaveLength(39));
      expect(far.news).toEqual(near.news);
    });

    test('a subscription on which nothing comes, though it is open', async () => {
      expect(proxy.silence('SUBSCRIBE')).toBe(1);
      await near.log.commit(place('sfu-1'));
      await eventually(() => expect(far.log.state.node).toBe('sfu-1'));
      expect(changesOf(far)).toEqual([1, 2]);
      await eventually(async () => {
        expect(await near.backplane.send('p-2', 'hello')).toBe(true);
        expect(far.texts).toContain('hello');
      });
    });

    test('a gap that is longer than the log: with a snapshot', async () => {
      proxy.refuses = true;
      proxy.cut('SUBSCRIBE');
      await Promise.all(numbers(1, 1_500).map(() => near.log.commit(count)));
      proxy.refuses = false;
      await eventually(() => expect(far.log.state.generation).toBe(1_500));
      expect(snapshotsOf(far)).toHaveLength(2);
      await far.log.commit(place('sfu-1'));
      await eventually(() => expect(near.log.state.node).toBe('sfu-1'));
    });

    test('a gap that is longer than the messages that Redis keeps: the newest come once, before its own', async () => {
      expect(proxy.silence('SUBSCRIBE')).toBe(1);
      await Promise.all(numbers(1, 1_500).map((n) => near.log.append('of-1', note(`note ${n}`))));
      await far.log.append('of-1', note('its own'));
      const notes = notesOf(far);
      expect(notes.length).toBeGreaterThan(500);
      await vi.waitFor(() => expect(notesOf(near).at(-1)).toBe('its own'));
      expect(notes).toEqual(notesOf(near).slice(-notes.length));
    });

    test('replies that are lost with their connection: everything happens once', async () => {
      proxy.losesReplies = true;
      const commit = far.log.commit(place('sfu-1'));
      const append = far.log.append('of-1', note('hello'));
      await eventually(() => expect(notesOf(near)).toEqual(['hello']));
      proxy.losesReplies = false;
      proxy.cut('EVALSHA');
      expect(await commit).toMatchObject({ revision: 2 });
      expect(await append).not.toHaveProperty('refused');
      await eventually(() => expect(notesOf(far)).toEqual(['hello']));
      expect([changesOf(near), notesOf(near)]).toEqual([[1, 2], ['hello']]);
      expect(near.log.state.generation).toBe(1);
    });

    test('replies that are lost for too long: repeated operations happen once, too', async () => {
      proxy.losesReplies = true;
      const attempts = [
        far.log.commit(place('sfu-1'), 1),
        far.log.append('of-1', note('hello'), 2),
        far.log.append('nobody', note('refused'), 3),
      ];
      for (const attempt of attempts)
        await expect(attempt).rejects.toMatchObject({ code: 'ERR_RELAY_UNAVAILABLE' });
      proxy.losesReplies = false;
      proxy.cut();
      await near.log.commit(count);
      const again = () => [
        far.log.commit(place('sfu-1'), 1),
        far.log.append('of-1', note('hello'), 2),
        far.log.append('nobody', note('refused'), 3),
      ];
      const outcomes = await eventually(() => Promise.all(again()));
      expect(outcomes[0]).toMatchObject({ revision: 2, change: { node: 'sfu-1', generation: 1 } });
      expect(outcomes[2]).toMatchObject({ refused: { code: 'ERR_RELAY_SESSION_NOT_FOUND' } });
      for (const peer of [near, far]) {
        await eventually(() => expect(changesOf(peer)).toEqual([1, 2, 3]));
        expect(notesOf(peer)).toEqual(['hello']);
      }
      expect(await far.log.append('of-1', note('another'), 4)).not.toHaveProperty('refused');
      await eventually(() => expect(notesOf(near)).toEqual(['hello', 'another']));
    });

    test('others that are faster at every time: it gets its turn', async () => {
      proxy.delayMs = 5;
      let isOver = false;
      const lanes = numbers(1, 20).map(() => keepChanging(near, () => isOver));
      for (let n = 0; n < 3; n += 1) expect(await far.log.commit(count)).not.toHaveProperty('refused');
      isOver = true;
      await Promise.all(lanes);
      await eventually(() => expect(far.log.state).toEqual(near.log.state));
    });

    test('a Redis that is slow', async () => {
      proxy.delayMs = 250;
      const outcomes = await Promise.all([far.log.commit(count), near.log.commit(count)]);
      expect(outcomes.map((outcome) => 'revision' in outcome && outcome.revision).sort()).toEqual([2, 3]);
      await eventually(() => expect(changesOf(far)).toEqual([1, 2, 3]));
      expect(far.log.state.generation).toBe(2);
    });
  });
});
