import { misconfigured } from '../../../util/check-options.js';
import { noop } from '../../../util/noop.js';
import { surviveErrors } from '../../../util/redis-errors.js';

/**
 * The members of a Redis client that are used: of node-redis (the package redis, from version 4 on) or of ioredis; also of a cluster, or
 * one that follows a Sentinel.
 * @category Cluster
 */
export interface RedisClient {
  /** Missing in a client of `createSentinel()`. */
  duplicate?(...args: never[]): unknown;
  publish(...args: never[]): unknown;
  eval(...args: never[]): unknown;
}

/** The commands of either client. */
export interface Connection {
  /** Whether a command would be sent at once. */
  readonly isReady: boolean;
  /**
   * What separates the keys of this client from those of other clients of the server, if anything does. Channels are common to all of
   * them.
   */
  readonly keySpace: string;
  evalsha(sha: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  publish(channel: string, text: string): Promise<unknown>;
  /** Makes a client of its own for subscriptions, which is not connected yet, and does not come back by itself. */
  subscriber(heard: (channel: string, text: string) => void, ended: () => void): Promise<Subscriber>;
}

export interface Subscriber {
  connect(): Promise<unknown>;
  subscribe(channels: readonly string[]): Promise<unknown>;
  unsubscribe(channels: readonly string[]): Promise<unknown>;
  /** Also before it is connected. */
  close(): void;
}

const CONNECT_TIMEOUT_MS = 1_000;

const ADVICE =
  'write redisBackplane({ client }) with const client = await createClient({ url: "redis://localhost:6379" }).connect() of the package redis (version 4 or later), or const client = new Redis("redis://localhost:6379") of ioredis.';

/**
 * Recognizes the client by its methods.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function adapt(client: unknown): Connection {
  const has = (...names: string[]) =>
    names.every((name) => typeof (client as Record<string, unknown> | undefined)?.[name] === 'function');
  if (!has('publish', 'eval', 'on', 'listeners'))
    throw misconfigured(`"client" must be a client of Redis: ${ADVICE}`);
  if ((client as NodeRedisClient).options?.legacyMode === true)
    throw misconfigured('"client" has "legacyMode", in which commands return nothing: leave it out.');
  if (has('evalSha', 'getMasterNode', '_execute')) return nodeRedisSentinel(client as NodeRedisSentinel);
  if (has('evalSha', 'duplicate', 'disconnect')) return nodeRedis(client as NodeRedisClient);
  if (has('evalsha', 'duplicate', 'disconnect', 'connect')) return new IoRedis(client as IoRedisClient);
  throw misconfigured(`"client" is a client that sfu-relay does not know: ${ADVICE}`);
}

/** What takes commands. */
interface NodeRedisCommands {
  evalSha(sha: string, options: object): Promise<unknown>;
  eval(script: string, options: object): Promise<unknown>;
  publish(channel: string, text: string): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
}

interface NodeRedisClient extends NodeRedisCommands {
  readonly isReady?: boolean;
  readonly isOpen: boolean;
  readonly options?: { readonly socket?: object; readonly database?: number; readonly legacyMode?: boolean };
  duplicate(options?: object): NodeRedisClient;
  connect(): Promise<unknown>;
  /** From version 5 on. */
  destroy?(): void;
  disconnect(): Promise<unknown>;
  subscribe(channels: string[], listener: (text: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channels: string[]): Promise<unknown>;
}

/** It has connections to the primary, which it replaces after a failover. */
interface NodeRedisSentinel extends NodeRedisCommands {
  /** Undefined while it has no connection to the primary: it keeps commands until then. */
  getMasterNode(): unknown;
  _execute<Result>(isReadonly: boolean, act: (primary: NodeRedisClient) => Promise<Result>): Promise<Result>;
}

function nodeRedis(client: NodeRedisClient): NodeRedis {
  return new NodeRedis(
    client,
    () => client.isReady ?? client.isOpen,
    async () => subscriberOf(client),
    keySpaceOf(client.options?.database),
  );
}

function nodeRedisSentinel(client: NodeRedisSentinel): NodeRedis {
  return new NodeRedis(
    client,
    () => client.getMasterNode() !== undefined,
    () => client._execute(false, async (primary) => subscriberOf(primary)),
  );
}

function subscriberOf(client: NodeRedisClient): NodeRedisClient {
  const socket = { ...client.options?.socket, reconnectStrategy: false, connectTimeout: CONNECT_TIMEOUT_MS };
  return client.duplicate({ socket, disableOfflineQueue: true });
}

/** The package redis. */
class NodeRedis implements Connection {
  readonly #client: NodeRedisCommands;
  readonly #isReady: () => boolean;
  readonly #duplicate: () => Promise<NodeRedisClient>;

  /** @param duplicate makes a client of its own for subscriptions, not connected yet */
  constructor(
    client: NodeRedisCommands,
    isReady: () => boolean,
    duplicate: () => Promise<NodeRedisClient>,
    readonly keySpace = '',
  ) {
    this.#client = client;
    this.#isReady = isReady;
    this.#duplicate = duplicate;
    surviveErrors(client);
  }

  get isReady(): boolean {
    return this.#isReady();
  }

  async evalsha(sha: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#client.evalSha(sha, { keys, arguments: args });
  }

  async eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#client.eval(script, { keys, arguments: args });
  }

  async publish(channel: string, text: string): Promise<unknown> {
    return this.#client.publish(channel, text);
  }

  async subscriber(heard: (channel: string, text: string) => void, ended: () => void): Promise<Subscriber> {
    const client = await this.#duplicate();
    for (const event of ['error', 'end']) client.on(event, ended);
    const listener = (text: string, channel: string) => heard(channel, text);
    return {
      connect: () => client.connect(),
      subscribe: (channels) => client.subscribe([...channels], listener),
      unsubscribe: (channels) => client.unsubscribe([...channels]),
      close: () => quietly(() => (client.destroy ? client.destroy() : client.disconnect())),
    };
  }
}

interface IoRedisClient {
  readonly status: string;
  readonly isCluster?: boolean;
  readonly options?: { readonly db?: number; readonly keyPrefix?: string };
  evalsha(sha: string, count: number, ...args: string[]): Promise<unknown>;
  eval(script: string, count: number, ...args: string[]): Promise<unknown>;
  publish(channel: string, text: string): Promise<unknown>;
  duplicate(...options: object[]): IoRedisClient;
  connect(): Promise<unknown>;
  disconnect(): void;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  on(event: string, listener: (...args: string[]) => void): unknown;
}

/** The package ioredis. */
class IoRedis implements Connection {
  readonly keySpace: string;
  readonly #client: IoRedisClient;

  constructor(client: IoRedisClient) {
    this.#client = client;
    this.keySpace = keySpaceOf(client.options?.db, client.options?.keyPrefix);
    surviveErrors(client);
  }

  get isReady(): boolean {
    return this.#client.status === 'ready';
  }

  async evalsha(sha: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#client.evalsha(sha, keys.length, ...keys, ...args);
  }

  async eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#client.eval(script, keys.length, ...keys, ...args);
  }

  async publish(channel: string, text: string): Promise<unknown> {
    return this.#client.publish(channel, text);
  }

  async subscriber(heard: (channel: string, text: string) => void, ended: () => void): Promise<Subscriber> {
    const options = { lazyConnect: true, autoResubscribe: false, enableOfflineQueue: false };
    const client = this.#client.isCluster
      ? this.#client.duplicate([], { ...options, clusterRetryStrategy: () => null })
      : this.#client.duplicate({
          ...options,
          retryStrategy: () => null,
          connectTimeout: CONNECT_TIMEOUT_MS,
        });
    for (const event of ['error', 'end']) client.on(event, () => ended());
    client.on('message', (channel = '', text = '') => heard(channel, text));
    return {
      connect: () => client.connect(),
      subscribe: (channels) => client.subscribe(...channels),
      unsubscribe: (channels) => client.unsubscribe(...channels),
      close: () => quietly(() => client.disconnect()),
    };
  }
}

function keySpaceOf(database = 0, keyPrefix = ''): string {
  return database === 0 && keyPrefix === '' ? '' : `:${database}:${keyPrefix}`;
}

/** Clients throw where they are closed already. */
function quietly(close: () => unknown): void {
  try {
    Promise.resolve(close()).catch(noop);
  } catch {}
}
