import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { REDIS_PACKAGES } from '../../support/redis-clients.js';
import { note, place } from '../backplane-suites/stage.js';
import { cardOf, notesOf, type Peer, RedisStage, seat, seatsOf, snapshotsOf } from './stage.js';

const unavailable = { code: 'ERR_RELAY_UNAVAILABLE', retryable: true };

describeReal(['redis'], 'processes whose Redis fails', () => {
  let stage: RedisStage;
  beforeEach(async () => {
    stage = await RedisStage.start();
  });
  afterEach(() => stage.stop());

  /** Two processes, each with a session in the room. */
  async function two(): Promise<[Peer, Peer]> {
    const peers: [Peer, Peer] = [await stage.peer('p-1', 'redis'), await stage.peer('p-2', 'ioredis')];
    const [one, other] = peers;
    await one.log.commit(place('sfu-1'));
    await one.log.commit(() => ({ locked: true, mutedTracks: new Map([['a', 'a']]) }));
    await one.log.commit(seat('of-1'));
    await other.log.commit(seat('of-2'));
    await eventually(() => expect(one.log.state.seats?.size).toBe(2));
    return peers;
  }

  async function expectWhole(peers: readonly Peer[]): Promise<void> {
    await eventually(async () => {
      for (const peer of peers) expect(seatsOf(peer)).toEqual(['of-1', 'of-2']);
      expect(await stage.redis('EXISTS', `${stage.prefix}:{r:lobby}:s`)).toBe(1);
      const held = (await stage.redis('HKEYS', `${stage.prefix}:{r:lobby}:s`)) as string[];
      expect(held).toEqual(expect.arrayContaining(['m:seats:of-1', 'm:seats:of-2', 'p:p-1', 'p:p-2']));
    });
    for (const { log } of peers) {
      expect(log.state).toMatchObject({ node: 'sfu-1', generation: 1, locked: true });
      expect(log.state.mutedTracks).toEqual(new Map([['a', 'a']]));
    }
    const [one, other] = peers as [Peer, Peer];
    expect(await one.log.commit(place('sfu-2'))).toMatchObject({ revision: expect.any(Number) });
    await eventually(() => expect(other.log.state).toMatchObject({ node: 'sfu-2', generation: 2 }));
    expect(await other.log.append('of-2', note('hello'))).not.toHaveProperty('refused');
    await eventually(() => expect(JSON.stringify(one.news)).toContain('hello'));
  }

  describe('bring their rooms back', () => {
    test('after it was killed and has started empty', async () => {
      const peers = await two();
      await stage.server.stop();
      await stage.server.start();
      await expectWhole(peers);
      for (const peer of peers) expect(snapshotsOf(peer).length).toBeGreaterThan(1);
    });

    test('after FLUSHALL, whether or not somebody changes them', async () => {
      const peers = await two();
      await stage.redis('FLUSHALL');
      await expectWhole(peers);
    });

    test('at once, where somebody changes them after FLUSHALL; revisions grow', async () => {
      const [one] = await two();
      await stage.redis('FLUSHALL');
      const outcome = await one.log.commit(place('sfu-2'));
      expect(outcome).toMatchObject({ change: { generation: 2 } });
      expect('revision' in outcome && outcome.revision).toBeGreaterThan(4);
    });

    test('from the process that knows most, where a replica has taken over without the newest changes', async () => {
      const [one, other] = await two();
      const key = `${stage.prefix}:{r:lobby}:s`;
      const before = (await stage.redis('HGETALL', key)) as Record<string, string> | string[];
      await one.log.commit(() => ({ locked: undefined }));
      await eventually(() => expect(other.log.state.locked).toBeUndefined());
      await stage.redis('DEL', key);
      const flat = Array.isArray(before) ? before : Object.entries(before).flat();
      await stage.redis('HSET', key, ...flat);
      expect(await other.log.commit(seat('of-3'))).toMatchObject({ revision: 6 });
      await eventually(() => expect(seatsOf(one)).toEqual(['of-1', 'of-2', 'of-3']));
      for (const { log } of [one, other]) expect(log.state.locked).toBeUndefined();
    });

    test.each([
      ['first', 0, 1],
      ['last', 1, 0],
    ])(
      'with what a process has last written of its own sessions, where it is the %s one to notice',
      async (_, first, last) => {
        const peers = await two();
        const [one, other] = peers;
        const key = `${stage.prefix}:{r:lobby}:s`;
        const before = (await stage.redis('HGETALL', key)) as Record<string, string> | string[];
        await one.log.commit(() => ({ seats: new Map([['of-1', { userId: 'renamed' }]]) }));
        const known = ({ log }: Peer) => log.state.seats?.get('of-1')?.userId;
        await eventually(() => expect(known(other)).toBe('renamed'));
        await stage.redis('DEL', key);
        await stage.redis('HSET', key, ...(Array.isArray(before) ? before : Object.entries(before).flat()));
        for (const n of [first, last]) await peers[n]?.log.commit(seat(`late-${n}`));
        await eventually(() => expect(peers.map(known)).toEqual(['renamed', 'renamed']));
        expect(await stage.redis('HGET', key, 'm:seats:of-1')).toContain('renamed');
      },
    );

    test('with what was said there before the last process had noticed', async () => {
      const proxy = await stage.proxy();
      const [one, other] = [await stage.peer('p-1'), await stage.peer('p-2', 'redis', proxy.url)];
      await one.log.commit(seat('of-1'));
      await other.log.commit(seat('of-2'));
      await one.log.append('of-1', note('before'));
      await eventually(() => expect(notesOf(other)).toEqual(['before']));
      proxy.isSilent = true;
      await stage.redis('FLUSHALL');
      for (const text of ['one', 'two']) await one.log.append('of-1', note(text));
      proxy.isSilent = false;
      proxy.cut();
      await eventually(() => expect(seatsOf(one)).toEqual(['of-1', 'of-2']));
      await one.log.append('of-1', note('after'));
      for (const peer of [one, other])
        await eventually(() => expect(notesOf(peer)).toEqual(['before', 'one', 'two', 'after']));
    });

    test('with what is said after a replica without the newest messages has taken over', async () => {
      const peers = await two();
      const [one] = peers;
      const [state, stream] = ['s', 'm'].map((name) => `${stage.prefix}:{r:lobby}:${name}`) as [
        string,
        string,
      ];
      const before = (await stage.redis('HGETALL', state)) as Record<string, string> | string[];
      const say = (text: string) => one.log.append('of-1', note(text));
      for (const text of ['one', 'two']) await say(text);
      const told = (...texts: string[]) =>
        eventually(() => expect(peers.map(notesOf)).toEqual([texts, texts]));
      await told('one', 'two');
      await stage.redis('DEL', state, stream);
      await stage.redis('HSET', state, ...(Array.isArray(before) ? before : Object.entries(before).flat()));
      for (const text of ['three', 'four', 'five']) await say(text);
      await told('one', 'two', 'three', 'four', 'five');
    });

    test('and go on at once after SCRIPT FLUSH', async () => {
      const [one, other] = await two();
      await stage.redis('SCRIPT', 'FLUSH');
      expect(await one.log.commit(place('sfu-2'))).toMatchObject({ revision: 5 });
      await eventually(() => expect(other.log.state.node).toBe('sfu-2'));
    });

    test('and what they have reserved', async () => {
      const [one, other] = await two();
      await one.backplane.reserve('rooms', 'lobby', 1);
      await stage.redis('FLUSHALL');
      await eventually(async () => expect(await stage.redis('HLEN', `${stage.prefix}:{c:rooms}`)).toBe(1));
      expect(await other.backplane.reserve('rooms', 'lounge', 1)).toBe(false);
    });
  });

  describe.each(REDIS_PACKAGES)('with clients of %s', (name) => {
    test('are told so, each call within its deadline, and warn once; then they enter again', async () => {
      const one = await stage.peer('p-1', name);
      await one.log.commit(seat('of-1'));
      await one.backplane.reserve('rooms', 'lobby', 1);
      await stage.server.stop();
      one.backplane.release('rooms', 'lobby');
      const { backplane, log, membership } = one;
      const calls = [
        () => log.commit(place('sfu-1')),
        () => log.append('of-1', note('hello')),
        () => backplane.open('lounge', { snapshot() {}, changed() {}, appended() {} }),
        () => backplane.reserve('rooms', 'lounge', 2),
        () => backplane.put('key', 'value', 1_000),
        () => backplane.get('key'),
        () => backplane.send('p-2', 'hello'),
      ];
      await Promise.all(calls.map((call) => expect(call()).rejects.toMatchObject(unavailable)));
      expect(backplane.status).toMatchObject({ commands: 'down', subscription: 'down' });
      await eventually(() => expect(membership.lost.aborted).toBe(true));
      expect(await log.commit(place('sfu-1'))).toMatchObject({ refused: { code: 'ERR_RELAY_CLOSED' } });
      await expect(backplane.enter(cardOf('p-1'), () => {})).rejects.toMatchObject(unavailable);
      expect(one.warnings).toEqual([expect.stringContaining('Redis does not answer')]);
      await stage.server.start();
      const again = await eventually(() => backplane.enter(cardOf('p-1'), () => {}));
      expect(again.fence).toBeGreaterThan(membership.fence);
      expect(await log.commit(place('sfu-1'))).toMatchObject({ change: { generation: 1 } });
      expect(seatsOf(one)).toEqual(['of-1']);
      // What was released, or not reserved, meanwhile is not counted.
      expect(await backplane.reserve('rooms', 'attic', 1)).toBe(true);
      await eventually(() => expect(backplane.status).toEqual({ commands: 'up', subscription: 'up' }));
    });
  });
});
