import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Session, SfuRelay } from '../../../src/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { follow } from '../../unit/relay/moves/move-stage.js';
import { CAMERA, join, type SharedStage, seenBy } from './stage.js';

/** Of a room that is empty every now and then. */
const VISITS = Number(process.env.ROOM_VISITS ?? 40);

/** How rooms of several processes come to the SFU. */
export function joinsSuite(stage: SharedStage): void {
  describe('joins of several processes', () => {
    test('a room is on one node, however many join it at once', async () => {
      const other = await startScriptedSfu();
      try {
        const clusterNodes = [stage.sfu.address, other.address];
        const sfu = {
          mode: 'cluster',
          clusterNodes,
          loadBalanceMethod: 'random',
          probeOnStart: false,
        } as const;
        const relays = [1, 2, 3].map(() => stage.relay({ sfu }));
        for (const roomId of ['one', 'two', 'three']) {
          const joins = relays.flatMap((relay) => [1, 2].map((n) => join(relay, `user-${n}`, { roomId })));
          const nodes = (await Promise.all(joins)).map(({ room }) => room.node);
          expect(new Set(nodes).size).toBe(1);
        }
        expect(stage.sfu.streams.size + other.streams.size).toBe(18);
        expect(stage.sfu.streams.size % 6).toBe(0);
        await Promise.all(relays.map((relay) => relay.close()));
      } finally {
        await other.stop();
      }
    });

    test('a new room gets the node with the fewest streams, of all processes', async () => {
      const other = await startScriptedSfu();
      try {
        const clusterNodes = [stage.sfu.address, other.address];
        const sfu = {
          mode: 'cluster',
          clusterNodes,
          loadBalanceMethod: 'leastconn',
          probeOnStart: false,
        } as const;
        const [one, two] = stage.two({ sfu });
        const rooms = [];
        for (let n = 0; n < 4; n += 1) rooms.push(await join(one, `user-${n}`));
        const busy = rooms[0]?.room.node;
        await eventually(() => {
          const streams = stage.cards.flatMap(({ nodes }) => nodes.map((node) => node.streams));
          expect(streams).toContain(4);
        }, 15_000);
        await sleep(1_100);
        for (const roomId of ['one', 'two', 'three'])
          expect((await join(two, 'alice', { roomId })).room.node).not.toBe(busy);
        await Promise.all([one.close(), two.close()]);
      } finally {
        await other.stop();
      }
    });

    test('a room that one process moves is followed by the sessions of the others', async () => {
      const other = await startScriptedSfu();
      try {
        const clusterNodes = [stage.sfu.address, other.address];
        const [one, two] = stage.two({ sfu: { mode: 'cluster', clusterNodes, probeOnStart: false } });
        const alice = await join(one, 'alice', { sessionId: 'a' });
        const bob = await join(two, 'bob', { sessionId: 'b' });
        const told = [follow(alice, fakeOffer()), follow(bob, fakeOffer())];
        await eventually(() => expect([alice.room.size, bob.room.size]).toEqual([2, 2]));
        const target = [stage.sfu, other].find(({ address }) => address !== alice.room.node) as ScriptedSfu;
        await one.moveRoom('lobby');
        for (const uid of ['lobby/alice/a/2', 'lobby/bob/b/2'])
          await eventually(() => expect(target.stream(uid)?.sid).toBe('lobby~2'));
        await eventually(
          () => expect([stage.sfu.streams.size, other.streams.size].sort()).toEqual([0, 2]),
          5_000,
        );
        expect(told.map((heard) => heard.filter((each) => /rejoin|close|left/.test(each)))).toEqual(
          Array(2).fill(['rejoin 1']),
        );
        await Promise.all([one.close(), two.close()]);
      } finally {
        await other.stop();
      }
    });

    test('a track that goes on from another peer is known by its new id to the viewers of other processes', async () => {
      const [one, two] = stage.two();
      const publisher = await join(one, 'alice', {}, [CAMERA]);
      const viewer = await join(two, 'bob');
      await eventually(() => expect(seenBy(viewer)).toEqual({ alice: ['camera'] }));
      const removed: unknown[] = [];
      viewer.on('tracks', ({ state, tracks }) => {
        if (state === 'removed')
          removed.push(...tracks.map(({ trackId, replacedBy }) => `${trackId} → ${replacedBy}`));
      });
      for (const [from, to] of [
        ['camera', 'camera-2'],
        ['camera-2', 'camera-3'],
      ] as const) {
        await publisher.rejoin({ sdp: fakeOffer([{ ...CAMERA, trackId: to }]), renamed: { [from]: to } });
        await eventually(() => expect(seenBy(viewer)).toEqual({ alice: [to] }));
      }
      expect(removed).toEqual(['camera → camera-2', 'camera-2 → camera-3']);
    });

    test('a node that all processes drain at once is left by the sessions of all', async () => {
      const other = await startScriptedSfu();
      try {
        const clusterNodes = [stage.sfu.address, other.address];
        const [one, two] = stage.two({ sfu: { mode: 'cluster', clusterNodes, probeOnStart: false } });
        const sessions = [];
        for (const roomId of ['red', 'green', 'blue'])
          for (const [n, relay] of [one, two].entries()) {
            const session = await join(relay, `user-${n}`, { roomId, sessionId: `${roomId}-${n}` });
            follow(session, fakeOffer());
            sessions.push(session);
          }
        const [left, target] =
          sessions[0]?.room.node === other.address ? [other, stage.sfu] : [stage.sfu, other];
        await Promise.all([one, two].map((relay) => relay.drainNode(left.address)));
        await eventually(() => expect([left.streams.size, target.streams.size]).toEqual([0, 6]));
        expect(sessions.map(({ state }) => state)).toEqual(Array(6).fill('joined'));
        await Promise.all([one.close(), two.close()]);
      } finally {
        await other.stop();
      }
    });

    test(
      'the SFU never has two first joins, nor a join and the last leave, at the same time',
      async () => {
        const { onJoin, onHalfClose } = stage.sfu.script;
        const count = { joining: 0, joined: 0, leaving: 0 };
        const races: string[] = [];
        const joined = new WeakSet<object>();
        stage.sfu.script.onJoin = async (stream, request) => {
          if (count.joined === 0 && count.joining + count.leaving > 0) races.push('a first join');
          count.joining += 1;
          await sleep(Math.random() * 8);
          count.joining -= 1;
          count.joined += 1;
          joined.add(stream);
          return onJoin(stream, request);
        };
        stage.sfu.script.onHalfClose = async (stream) => {
          if (joined.has(stream)) {
            if (count.joined === 1 && count.joining > 0) races.push('a last leave');
            count.joined -= 1;
            count.leaving += 1;
            await sleep(Math.random() * 8);
            count.leaving -= 1;
          }
          return onHalfClose(stream);
        };
        const relays = [1, 2, 3].map(() => stage.relay());
        const visit = async (n: number) => {
          await sleep(Math.random() * 60);
          const session: Session = await join(relays[n % 3] as SfuRelay, `user-${n}`);
          await sleep(Math.random() * 10);
          await session.close();
        };
        for (let n = 0; n < VISITS; n += 40)
          await Promise.all(Array.from({ length: 40 }, (_, each) => visit(n + each)));
        expect(races).toEqual([]);
        await eventually(() => expect(count).toEqual({ joining: 0, joined: 0, leaving: 0 }));
      },
      20_000 + 100 * VISITS,
    );
  });
}
