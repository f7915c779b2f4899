import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeTrack } from '../../src/testing/index.js';
import { MediaPeers } from '../support/media-peers.js';
import { type MakeMedia, mediaOf } from '../support/peer-media.js';
import { until } from '../support/poll.js';
import { RoomClient } from '../support/room-client.js';
import { ClusterStage } from './cluster-stage.js';
import type { RelayProcess } from './relay-process.js';

interface KillOptions {
  /** In rooms of four: one publishes, three watch; they are spread over three processes. */
  sessions: number;
  /** ms after which nothing may be left of the dead process. */
  leftoversMs: number;
}

export interface KillReport {
  /** Sessions of the process that was killed. */
  lost: number;
  /** ms from the kill until media comes again: to each viewer whose process was killed, or whose publisher's was. */
  recoveriesMs: number[];
  /** Keys, fields and channels in Redis that name the dead process; not the marks by which rooms refuse it. */
  leftovers: string[];
  /** How many keys there were before the kill and in the end. */
  keys: { before: number; after: number };
}

const SOON = { intervalMs: 20, timeoutMs: 30_000 };

/** Somebody in a room, by whatever process. */
interface Person {
  readonly room: string;
  readonly user: string;
  readonly role: 'publisher' | 'subscriber';
  relay: RelayProcess;
  client: RoomClient;
}

/** Kills one of three relay processes with its sessions, whose clients join again elsewhere. */
export async function killProcess({ sessions, leftoversMs }: KillOptions): Promise<KillReport> {
  const stage = new ClusterStage();
  let peers: MediaPeers | undefined;
  try {
    await stage.setUp();
    await stage.begin();
    peers = await MediaPeers.start();
    const media = mediaOf(peers);
    const relays = await stage.relays(3);
    const people: Person[] = [];
    for (let n = 0; n < sessions / 4; n += 1) people.push(...(await populate(relays, n, media)));
    await until('all viewers receive media', () => people.every(receives), SOON);

    const [victim, ...others] = relays;
    const before = await processes(stage);
    const keysBefore = (await stage.keys()).length;
    const lost = people.filter(({ relay }) => relay === victim);
    const silent = new Set(lost.filter(({ role }) => role === 'publisher').map(({ room }) => room));
    const killedAt = performance.now();
    victim.signal('SIGKILL');
    await Promise.all(
      lost.map(async (person, n) => {
        await person.client.closed;
        person.relay = others[n % others.length] as RelayProcess;
        person.client = await enter(person, media, 'again');
      }),
    );
    const waiting = people.filter(
      (each) => each.role === 'subscriber' && (lost.includes(each) || silent.has(each.room)),
    );
    const arrivals = () => waiting.map((each) => arrivalAfter(each, killedAt, silent.has(each.room)));
    await until('media is back', () => arrivals().every((at) => at !== undefined), SOON);

    await sleep(leftoversMs);
    const after = await processes(stage);
    const dead = before.filter((id) => !after.includes(id));
    const leftovers = dead.length === 1 ? await namesOf(stage, dead[0] as string) : [`dead: ${dead}`];
    return {
      lost: lost.length,
      recoveriesMs: arrivals().map((at) => Math.round(Number(at) - killedAt)),
      leftovers,
      keys: { before: keysBefore, after: (await stage.keys()).length },
    };
  } finally {
    await stage.clear();
    await stage.tearDown();
    await peers?.stop();
  }
}

async function populate(relays: readonly RelayProcess[], n: number, media: MakeMedia): Promise<Person[]> {
  const people: Person[] = [];
  for (const place of [0, 1, 2, 3]) {
    const relay = relays[(n + place) % relays.length] as RelayProcess;
    const role = place === 0 ? 'publisher' : 'subscriber';
    const person = { room: `room-${n}`, user: `user-${n}-${place}`, role, relay } as const;
    people.push({ ...person, client: await enter(person, media, 'first') });
  }
  return people;
}

function enter({ room, user, role, relay }: Omit<Person, 'client'>, media: MakeMedia, name: string) {
  const tracks: Record<string, FakeTrack['kind']> = role === 'publisher' ? { [name]: 'audio' } : {};
  return RoomClient.join({ url: `${relay.url}?user=${user}`, room, user, role, media, tracks });
}

const receives = ({ client, role }: Person) => role === 'publisher' || client.tracks.length > 0;

/** When the first packet came that shows that the person is served again. */
function arrivalAfter({ client }: Person, since: number, isOfNewTrack: boolean): number | undefined {
  return client.received.find(({ at, track }) => at > since && (!isOfNewTrack || track.includes(' again-')))
    ?.at;
}

async function processes(stage: ClusterStage): Promise<string[]> {
  return (await stage.inspector()).sMembers('sfu-relay:{d}:processes');
}

/** What in Redis names the process. */
async function namesOf(stage: ClusterStage, processId: string): Promise<string[]> {
  const redis = await stage.inspector();
  const keys = await stage.keys();
  const contents = await stage.contents(keys);
  const texts = await Promise.all(
    keys.map(async (key) => ((await redis.type(key)) === 'string' ? `${key} ${await redis.get(key)}` : '')),
  );
  const fields = Object.entries(contents).flatMap(([key, hash]) =>
    Object.entries(hash as object).flatMap(([field, value]) =>
      `${field} ${value}`.includes(processId) && !field.startsWith('x:') ? `${key} ${field}` : [],
    ),
  );
  const named = [...keys, ...texts, ...(await redis.pubSubChannels())];
  return [...named.filter((each) => each.includes(processId)), ...fields];
}
