import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { REDIS_PACKAGES } from '../../support/redis-clients.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { note, place, recorder } from '../backplane-suites/stage.js';
import { cardOf, type Peer, RedisStage, seat, seatsOf } from './stage.js';

/** A lease takes 5 s to end. */
const closed = { code: 'ERR_RELAY_CLOSED' };

describeReal(['redis'], 'a process that the others take for dead', () => {
  let stage: RedisStage;
  beforeEach(async () => {
    stage = await RedisStage.start();
  });
  afterEach(() => stage.stop());

  describe.each(REDIS_PACKAGES)('with a client of %s', (name) => {
    let near: Peer;
    let far: Peer;
    let proxy: TcpProxy;
    beforeEach(async () => {
      proxy = await stage.proxy();
      near = await stage.peer('p-1', name);
      far = await stage.peer('p-2', name, proxy.url);
      await near.log.commit(seat('of-1'));
      await far.log.commit(seat('of-2'));
      await far.backplane.reserve('rooms', 'lobby', 1);
      await eventually(() => expect(seatsOf(near)).toEqual(['of-1', 'of-2']));
    });

    test('holds nothing any more; it is refused when it comes late, and comes back with its sessions', async () => {
      proxy.isSilent = true;
      expect(await near.backplane.reserve('rooms', 'lounge', 1)).toBe(false);
      await eventually(() => expect(seatsOf(near)).toEqual(['of-1']));
      await eventually(async () => {
        expect(await near.backplane.reserve('rooms', 'lounge', 1)).toBe(true);
      });
      expect(near.backplane.processes()).toEqual([cardOf('p-1')]);
      expect(await near.backplane.send('p-2', 'hello')).toBe(false);

      expect(far.membership.lost).toMatchObject({ aborted: true, reason: closed });
      proxy.isSilent = false;
      proxy.cut();
      expect(await far.log.commit(place('sfu-1'))).toMatchObject({ refused: closed });
      expect(await far.log.append('of-2', note('late'))).toMatchObject({ refused: closed });

      const enter = () => far.backplane.enter(cardOf('p-2'), (text) => far.texts.push(text));
      const again = await eventually(enter);
      expect(again.fence).toBeGreaterThan(far.membership.fence);
      expect(await far.log.commit(place('sfu-2'))).toMatchObject({ change: { generation: 1 } });
      for (const peer of [near, far]) {
        await eventually(() => expect(seatsOf(peer)).toEqual(['of-1', 'of-2']));
        await eventually(() => expect(peer.log.state.node).toBe('sfu-2'));
        await eventually(() => expect(peer.backplane.processes()).toHaveLength(2));
      }
      expect(await far.log.append('of-2', note('in time'))).not.toHaveProperty('refused');
      expect(await near.backplane.send('p-2', 'hello')).toBe(true);
      await eventually(() => expect(far.texts).toEqual(['hello']));
    });

    test('leaves nothing behind but what expires', async () => {
      proxy.isSilent = true;
      await eventually(() => expect(seatsOf(near)).toEqual(['of-1']));
      await eventually(() => expect(near.backplane.processes()).toHaveLength(1));
      await eventually(async () => {
        expect(await stage.redis('SMEMBERS', `${stage.prefix}:{d}:processes`)).toEqual(['p-1']);
      });
      await near.backplane.close();
      const keys = await stage.keys();
      for (const key of keys) expect(await stage.redis('PTTL', key)).toBeGreaterThan(0);
      expect(keys).toEqual([`${stage.prefix}:{p:p-2}:fence`]);
    });

    test('is refused in the room itself, though it does not know yet', async () => {
      const room = `${stage.prefix}:{r:lobby}:s`;
      await stage.redis('HSET', room, 'x:p-2', String(far.membership.fence));
      const attempts = [far.log.commit(place('sfu-1')), far.log.append('of-2', note('late'))];
      for (const attempt of attempts) expect(await attempt).toMatchObject({ refused: closed });
      expect(far.membership.lost.aborted).toBe(true);
      expect(near.log.state.node).toBeUndefined();
    });
  });

  test('a process that is announced while it opens a room and reserves leaves nothing, either', async () => {
    const backplane = await stage.backplane('redis');
    const { sink } = recorder();
    const begun = await Promise.all([
      backplane.reserve('rooms', 'lobby', 1),
      backplane.enter(cardOf('p-1'), () => {}),
      backplane.open('lobby', sink),
    ]);
    expect(begun[0]).toBe(true);
    expect(begun[1].lost.aborted).toBe(false);
    await eventually(() => expect(backplane.processes().map(({ processId }) => processId)).toContain('p-1'));
    await backplane.close();
    expect(await stage.keys()).toEqual([]);
  });

  test('and processes that close leave no key behind', async () => {
    const peers = await Promise.all(['p-1', 'p-2', 'p-3'].map((id) => stage.peer(id)));
    for (const { log, backplane, membership } of peers) {
      await log.commit(seat(`of-${membership.processId}`));
      await log.append(`of-${membership.processId}`, note('hello'));
      for (const scope of ['rooms', 'users']) await backplane.reserve(scope, membership.processId, 10);
      backplane.release('users', membership.processId);
    }
    expect((await stage.keys()).length).toBeGreaterThan(5);
    const [first, ...others] = peers as [Peer, ...Peer[]];
    await first.backplane.close();
    for (const peer of others) await eventually(() => expect(seatsOf(peer)).toEqual(['of-p-2', 'of-p-3']));
    await Promise.all(others.map(({ backplane }) => backplane.close()));
    expect(await stage.keys()).toEqual([]);
  });
});
