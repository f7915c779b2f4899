import { rm } from 'node:fs/promises';
import { createClient, type RedisClientType } from 'redis';
import { compile } from '../../scripts/compile.js';
import { type FakeTrack, fakeOffer } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { type IonServer, startIon } from '../support/ion.js';
import { IonCluster } from '../support/ion-cluster.js';
import { RedisServer } from '../support/redis.js';
import type { RelayEntry } from './relay.js';
import { RelayProcess } from './relay-process.js';

interface Several {
  2: [RelayProcess, RelayProcess];
  3: [RelayProcess, RelayProcess, RelayProcess];
  4: [RelayProcess, RelayProcess, RelayProcess, RelayProcess];
}

/** A client with its session. */
export interface Member {
  client: WireClient;
  user: string;
  sessionId: string;
  sessionToken: string;
  result: Record<string, unknown>;
}

/** Relays in processes of their own that share their rooms by a Redis, in front of real Ions. */
export class ClusterStage {
  #redis: RedisServer | undefined;
  #ions: IonCluster<IonServer> | undefined;
  #folder: string | undefined;
  #script = '';
  #relays: RelayProcess[] = [];
  #clients: WireClient[] = [];
  #inspector: RedisClientType | undefined;

  get redis(): RedisServer {
    return this.#redis as RedisServer;
  }

  get ions(): IonCluster<IonServer> {
    return this.#ions as IonCluster<IonServer>;
  }

  /** @param nodes how many Ions; the rest are their options */
  async setUp({
    nodes = 2,
    ...ion
  }: { nodes?: number } & Parameters<typeof startIon>[0] = {}): Promise<void> {
    // Two files of tests run at a time.
    const { folder } = await compile(
      `cluster-relay-${process.pid}`,
      { relay: 'test/cluster/relay.ts' },
      { external: [/^(redis|ioredis|ws|express)$/] },
    );
    this.#folder = folder;
    this.#script = `${folder}relay.mjs`;
    this.#ions = await IonCluster.start(nodes, () => startIon(ion));
  }

  async begin(): Promise<void> {
    this.#redis = await RedisServer.start();
  }

  async clear(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    await Promise.all(this.#relays.splice(0).map(({ child }) => child.stop('SIGKILL')));
    this.#inspector?.destroy();
    this.#inspector = undefined;
    await this.#redis?.stop();
  }

  async tearDown(): Promise<void> {
    await this.#ions?.stop();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  /** Starts as many relays at once. Every other one has ioredis. `placeOf`: what is special about the relay of a number. */
  async relays<Count extends keyof Several>(
    count: Count,
    options: RelayEntry['options'] = {},
    placeOf: (n: number) => Partial<RelayEntry> & { script?: string } = () => ({}),
  ): Promise<Several[Count]> {
    const { url } = this.redis;
    const started = await Promise.all(
      Array.from({ length: count }, (_, n) => {
        const { script = this.#script, ...place } = placeOf(n);
        return RelayProcess.start(script, {
          redis: url,
          client: n % 2 === 0 ? 'redis' : 'ioredis',
          nodes: this.ions.addresses,
          options: { participantsIntervalMs: 20, ...options },
          ...place,
        });
      }),
    );
    this.#relays.push(...started);
    return started as unknown as Several[Count];
  }

  async join(
    { url }: RelayProcess,
    room: string,
    user: string,
    { tracks = [], ...params }: { tracks?: FakeTrack[] } & Record<string, unknown> = {},
  ): Promise<Member> {
    const client = await WireClient.dial(`${url}?user=${user}`);
    this.#clients.push(client);
    const offer = { type: 'offer', sdp: fakeOffer(tracks) };
    const { result, error } = await client.request('join', { sid: room, uid: user, offer, ...params });
    if (!result) {
      const { code, retryable } = error?.data ?? {};
      throw new Error(`${user} could not join: ${code}${retryable ? ' (retryable)' : ''} ${error?.message}`);
    }
    const { sessionId, sessionToken } = result as { sessionId: string; sessionToken: string };
    if ((params.capabilities as string[] | undefined)?.includes('resume')) {
      client.notify('ack', { received: 1 });
      await client.request('ping');
    }
    return { client, user, sessionId, sessionToken, result };
  }

  /** The connection of a member breaks, which has joined with `resume`; its next one reaches this relay. */
  async resume({ user, sessionId, sessionToken, client }: Member, { url }: RelayProcess) {
    client.vanish();
    const again = await WireClient.dial(`${url}?user=${user}`);
    this.#clients.push(again);
    // Frames are counted after the result of the join. The response to the ping is not one.
    const received = client.received.filter(({ method, id }) => method !== 'ack' && id !== 2).length;
    return { again, answer: await again.request('resume', { sessionId, sessionToken, received }) };
  }

  /** A client of the Redis. */
  async inspector(): Promise<RedisClientType> {
    this.#inspector ??= (await createClient({ url: this.redis.url }).connect()) as RedisClientType;
    return this.#inspector;
  }

  /** The fields of those of the keys that are hashes. */
  async contents(keys: readonly string[]): Promise<Record<string, unknown>> {
    const redis = await this.inspector();
    const read = async (key: string) => ((await redis.type(key)) === 'hash' ? redis.hGetAll(key) : {});
    return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await read(key)])));
  }

  async keys(): Promise<string[]> {
    return (await (await this.inspector()).keys('*')).sort();
  }
}

/** The users whom a member knows to be in the room, itself excluded, by what it was told so far. */
export function roster({ client, result, sessionId: own }: Member): string[] {
  const users = new Map<string, string>();
  const note = (participants: unknown) => {
    for (const { sessionId, userId } of (participants ?? []) as { sessionId: string; userId: string }[])
      users.set(sessionId, userId);
  };
  note(result.participants);
  for (const { method, params = {} } of client.received) {
    if (method !== 'participants') continue;
    for (const gone of [params.left, params.unlisted])
      for (const sessionId of (gone ?? []) as string[]) users.delete(sessionId);
    for (const there of [params.joined, params.listed, params.updated]) note(there);
  }
  // An event of several who have come may have it, too.
  users.delete(own);
  return [...users.values()].sort();
}

export const chatOf = ({ client }: Member): string[] =>
  client.received.flatMap(({ method, params }) =>
    method === 'message' && params?.kind === 'chat' ? [(params.data as { text: string }).text] : [],
  );

export const say = ({ client }: Member, text: string) =>
  client.request('message', { kind: 'chat', data: { text } });
