import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome, RoomFields } from '../../../src/backplane/backplane.js';
import { RelayError } from '../../../src/protocol/errors.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { REDIS_PACKAGES } from '../../support/redis-clients.js';
import type { TcpProxy } from '../../support/tcp-proxy.js';
import { note } from '../backplane-suites/stage.js';
import { changesOf, notesOf, type Peer, RedisStage, seat, snapshotsOf } from './stage.js';

/** The same numbers for the same seed: mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Repeats an operation until its outcome is known. */
async function insist(act: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (RelayError.from(error).code !== 'ERR_RELAY_UNAVAILABLE') throw error;
      await sleep(5);
    }
  }
}

const SEEDS = Number(process.env.BACKPLANE_SEEDS ?? 2);

describeReal(['redis'], 'processes whose connections to Redis break all the time', () => {
  let stage: RedisStage;
  beforeEach(async () => {
    stage = await RedisStage.start();
  });
  afterEach(() => stage.stop());

  test.each(Array.from({ length: SEEDS }, (_, n) => n + 1))(
    'do everything once, and see the same in one order (seed %i)',
    { timeout: 60_000 },
    async (seed) => {
      const pick = random(seed);
      const proxies: TcpProxy[] = [];
      const peers: Peer[] = [];
      for (const n of [0, 1, 2]) {
        const proxy = await stage.proxy();
        proxies.push(proxy);
        peers.push(await stage.peer(`p-${n}`, REDIS_PACKAGES[n % 2], proxy.url));
      }
      const notes: string[] = [];
      let counted = 0;
      await Promise.all(peers.map(({ log }, of) => insist(() => log.commit(seat(`of-${of}`), 0))));
      const lanes = peers.flatMap((peer, of) => [0, 1, 2].map((lane) => ({ peer, of, lane })));
      const work = lanes.map(async ({ peer: { log }, of, lane }) => {
        for (let operation = 1 + lane; operation <= 240; operation += 3) {
          const id = `${of}-${operation}`;
          const isNote = pick(2) === 0;
          if (isNote) {
            notes.push(id);
            await insist(() => log.append(`of-${of}`, note(id), operation));
          } else {
            counted += 1;
            const count = ({ generation }: RoomFields) => ({ generation: generation + 1 });
            await insist(() => log.commit(count, operation));
          }
          if (pick(4) === 0) await sleep(pick(20));
        }
      });
      let isOver = false;
      const breaking = (async () => {
        while (!isOver) {
          const proxy = proxies[pick(3)] as TcpProxy;
          const fault = pick(4);
          if (fault === 0) proxy.cut();
          else if (fault === 1) proxy.cut('SUBSCRIBE');
          else if (fault === 2) proxy.delayMs = pick(2) * pick(30);
          else {
            proxy.losesReplies = true;
            await sleep(pick(60));
            proxy.losesReplies = false;
            proxy.cut();
          }
          await sleep(20 + pick(120));
        }
      })();
      await Promise.all(work);
      isOver = true;
      await breaking;
      for (const proxy of proxies) proxy.delayMs = 0;

      for (const peer of peers) {
        await eventually(() => expect(peer.log.state.generation).toBe(counted));
        await eventually(() => expect(notesOf(peer)).toHaveLength(notes.length));
        expect([...notesOf(peer)].sort()).toEqual([...notes].sort());
        expect(snapshotsOf(peer)).toHaveLength(1);
        const changes = changesOf(peer);
        expect(changes).toEqual(changes.map((_, at) => (changes[0] ?? 0) + at));
        expect(changes.at(-1)).toBe(counted + 3);
      }
      const [first, ...others] = peers.map(({ news }) => JSON.stringify(news.slice(-40)));
      for (const other of others) expect(other).toBe(first);
    },
  );
});
