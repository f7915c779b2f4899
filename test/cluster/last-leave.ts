import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IonServer } from '../support/ion.js';
import { MediaPeers } from '../support/media-peers.js';
import { type MakeMedia, mediaOf } from '../support/peer-media.js';
import { until } from '../support/poll.js';
import { RoomClient } from '../support/room-client.js';
import { ClusterStage } from './cluster-stage.js';
import type { RelayProcess } from './relay-process.js';

interface LastLeaveOptions {
  rounds: number;
  /** In so many rooms at a time. */
  rooms: number;
  /** Called after each round. */
  onRound?: (done: number) => void;
}

export interface LastLeaveReport {
  /** What went wrong in which round. */
  faults: string[];
  /** Who came to Ion's room first in a round: the newcomer, or the leave of the one who was there. */
  first: { join: number; leave: number };
  /** ms of each join. */
  joinsMs: number[];
  /** ms until the second one in the room has received the media of the first one. */
  mediaMs: number[];
  /** Peers that are left on Ion, and rooms that are left in Redis. */
  left: string[];
  /** MiB of Ion's memory, after a tenth of the rounds and after all. */
  memory: [begin: number, end: number];
}

const SOON = { intervalMs: 5, timeoutMs: 20_000 };

/** The last one leaves by one process while the first one joins by another: in front of one Ion, which would split the room. */
export async function lastLeaves({
  rounds,
  rooms,
  onRound = () => {},
}: LastLeaveOptions): Promise<LastLeaveReport> {
  const stage = new ClusterStage();
  let peers: MediaPeers | undefined;
  try {
    await stage.setUp({ nodes: 1 });
    await stage.begin();
    peers = await MediaPeers.start();
    const [ion] = stage.ions.nodes as [IonServer];
    const race = new Race(await stage.relays(3), mediaOf(peers), ion);
    let [begun, done, early] = [0, 0, 0];
    const inRoom = async (room: string) => {
      let there = await race.enter(room, 0, 'publisher');
      while (begun < rounds) {
        begun += 1;
        there = await race.run(room, there);
        done += 1;
        if (done === Math.ceil(rounds / 10)) early = await memoryOf(ion);
        onRound(done);
      }
      await there.client.leave();
    };
    await Promise.all(Array.from({ length: rooms }, (_, n) => inRoom(`room-${n}`)));
    await until('all have left', () => ion.peers.length === 0, SOON).catch(() => {});
    const inRedis = async () => (await stage.keys()).filter((key) => key.includes(':{r:'));
    await until('no room is left', async () => (await inRedis()).length === 0, SOON).catch(() => {});
    if (!ion.alive()) race.faults.push(`Ion has ended: ${ion.log.slice(-2_000)}`);
    return {
      ...{ faults: race.faults, first: race.first, joinsMs: race.joinsMs, mediaMs: race.mediaMs },
      left: [...ion.peers, ...(await inRedis())],
      memory: [early, await memoryOf(ion)],
    };
  } finally {
    await stage.clear();
    await stage.tearDown();
    peers?.stop();
  }
}

/** Somebody in a room, by the relay of this number. */
interface Visitor {
  readonly client: RoomClient;
  readonly relay: number;
}

class Race {
  readonly faults: string[] = [];
  readonly first = { join: 0, leave: 0 };
  readonly joinsMs: number[] = [];
  readonly mediaMs: number[] = [];
  #count = 0;

  constructor(
    private readonly relays: readonly RelayProcess[],
    private readonly media: MakeMedia,
    private readonly ion: IonServer,
  ) {}

  /** @param n the number of the relay is the rest of its division by their count */
  async enter(room: string, n: number, role: 'publisher' | 'subscriber'): Promise<Visitor> {
    this.#count += 1;
    const user = `${role}-${this.#count}`;
    const relay = n % this.relays.length;
    const url = `${this.relays[relay]?.url}?user=${user}`;
    const tracks = role === 'publisher' ? ({ microphone: 'audio' } as const) : {};
    const begin = performance.now();
    const client = await RoomClient.join({ url, room, user, role, media: this.media, tracks });
    this.joinsMs.push(performance.now() - begin);
    return { client, relay };
  }

  /** @returns the one who is in the room afterwards */
  async run(room: string, there: Visitor): Promise<Visitor> {
    // About as late as the join, which takes longer to reach Ion.
    const left = sleep(Math.random() * 2 * (this.joinsMs.at(-1) ?? 0)).then(() => there.client.leave());
    const next = await this.enter(room, there.relay + 1, 'publisher').catch((error) => {
      this.faults.push(`${room}: the join has failed: ${error.code} ${error.message}`);
      return this.enter(room, there.relay + 1, 'publisher');
    });
    await left;
    try {
      await this.#isUsable(room, next);
    } catch (error) {
      this.faults.push(`${room}: ${(error as Error).message}`);
    }
    return next;
  }

  /** A second one receives the media of the first one, whom nobody has had to move; and leaves. */
  async #isUsable(room: string, { client: publisher, relay }: Visitor): Promise<void> {
    const begin = performance.now();
    const { client: viewer } = await this.enter(room, relay + 1, 'subscriber');
    try {
      await until('the viewer receives media', () => viewer.tracks.length > 0, SOON);
      this.mediaMs.push(performance.now() - begin);
    } finally {
      await viewer.leave();
    }
    if (publisher.peer !== 1) throw new Error('the room was split, and healed');
    const others = () => this.ion.peers.filter((uid) => uid.startsWith(`${room}/`));
    await until('nobody else is there', () => others().length === 1, SOON);
    const arrival = this.ion.arrivals.find(({ uid }) => uid.includes(publisher.sessionId));
    this.first[arrival?.isFirst ? 'leave' : 'join'] += 1;
  }
}

async function memoryOf({ pid }: IonServer): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024);
}
