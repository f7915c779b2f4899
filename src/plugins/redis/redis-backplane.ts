import type {
  Backplane,
  BackplaneStatus,
  Membership,
  ProcessCard,
  RoomLog,
  RoomSink,
} from '../../backplane/backplane.js';
import { Outage } from '../../backplane/outage.js';
import { RelayError } from '../../protocol/errors.js';
import type { Logger } from '../../util/logger.js';
import { noop } from '../../util/noop.js';
import { Commands } from './connection/commands.js';
import { RedisHealth } from './connection/health.js';
import { randomToken } from './connection/ids.js';
import { RedisKeys } from './connection/keys.js';
import { Subscription } from './connection/subscription.js';
import { Directory } from './directory.js';
import { Members } from './members.js';
import { OpenRooms } from './open-rooms.js';
import { type RedisBackplaneOptions, resolveRedisBackplane } from './options.js';
import { CLAIM, GET, PUT, SEND } from './process-scripts.js';
import { Reservations } from './reservations.js';

/** ms between two renewals of the lease. */
const BEAT_MS = 1_000;

/**
 * State that several relay processes share in Redis.
 *
 * ```ts
 * const client = await createClient({ url: 'redis://localhost:6379' }).connect();
 * const backplane = redisBackplane({ client });
 * ```
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category Cluster
 */
export function redisBackplane(options: RedisBackplaneOptions): RedisBackplane {
  return new RedisBackplane(options);
}

/**
 * Made by {@link redisBackplane}.
 * @category Cluster
 */
export class RedisBackplane implements Backplane {
  /** @internal */
  readonly outage: Outage;
  readonly #logger: Logger;
  readonly #health: RedisHealth;
  readonly #commands: Commands;
  readonly #keys: RedisKeys;
  readonly #subscription: Subscription;
  readonly #directory: Directory;
  readonly #reservations: Reservations;
  readonly #rooms: OpenRooms;
  readonly #members: Members;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(options: RedisBackplaneOptions) {
    const { connection, prefix, timeoutMs, logger } = resolveRedisBackplane(options);
    this.#logger = logger;
    this.outage = new Outage(logger);
    this.#health = new RedisHealth(logger, this.outage);
    this.#commands = new Commands(connection, this.#health, timeoutMs);
    this.#keys = new RedisKeys(prefix, connection.keySpace);
    const probe = this.#keys.probe(randomToken());
    this.#subscription = new Subscription(connection, probe, logger, () => this.#rooms.checkAll());
    this.#directory = new Directory(this.#commands, this.#keys);
    this.#reservations = new Reservations(this.#commands, this.#keys);
    const parts = {
      ...{ commands: this.#commands, keys: this.#keys, subscription: this.#subscription },
      ...{ directory: this.#directory, reservations: this.#reservations, logger, outage: this.outage },
    };
    this.#rooms = new OpenRooms(parts, () => this.#members);
    this.#members = new Members(parts, this.#rooms);
  }

  /** Whether Redis can be used now. */
  get status(): BackplaneStatus {
    const { isUp, failure } = this.#health;
    return {
      commands: isUp ? 'up' : 'down',
      subscription: this.#subscription.isUp ? 'up' : 'down',
      ...(!isUp && { error: failure }),
    };
  }

  /** @internal */
  async enter(card: ProcessCard, receive: (text: string) => void): Promise<Membership> {
    this.#begin();
    return this.#members.enter(card.processId, card, receive);
  }

  /** @internal */
  processes(): readonly ProcessCard[] {
    return this.#directory.cards;
  }

  /** @internal */
  async open(roomId: string, sink: RoomSink): Promise<RoomLog> {
    this.#begin();
    await this.#members.entered();
    const log = await this.#rooms.open(roomId, sink);
    if (!this.#closing) return log;
    log.close();
    throw closed();
  }

  /** @internal */
  async reserve(scope: string, id: string, max: number): Promise<boolean> {
    this.#begin();
    const membership = await this.#members.entered();
    // The others have released what a lost process holds: nobody would release this one.
    if (membership.isLost) throw membership.lost.reason;
    return this.#reservations.reserve(membership, scope, id, max);
  }

  /** @internal */
  release(scope: string, id: string): void {
    const membership = this.#members.newest;
    if (membership && !this.#closing) this.#reservations.release(membership, scope, id);
  }

  /** @internal */
  async put(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#commands.run(PUT, [this.#keys.value(key)], [value, ttlOf(ttlMs)]);
  }

  /** @internal */
  async get(key: string): Promise<string | undefined> {
    const value = await this.#commands.run(GET, [this.#keys.value(key)], []);
    return (value as string | null) ?? undefined;
  }

  /** @internal */
  async claim(key: string, value: string, ttlMs: number, last = ''): Promise<string> {
    return String(await this.#commands.run(CLAIM, [this.#keys.value(key)], [value, ttlOf(ttlMs), last]));
  }

  /** @internal */
  async send(processId: string, text: string): Promise<boolean> {
    const { lease, channel } = this.#keys.process(processId);
    return (await this.#commands.runOnce(SEND, [lease], [channel, `t${text}`])) === 1;
  }

  /** Idempotent: later calls return the first promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    const lost = this.outage.waiting;
    if (lost.messages + lost.changes > 0)
      this.#logger.warn(
        lost,
        'The relay ends while Redis is away: the other processes miss what was done here',
      );
    this.outage.close();
    await this.#beating;
    await this.#rooms.closeAll();
    await this.#members.leave();
    this.#subscription.close();
  }

  #begin(): void {
    if (this.#closing) throw closed();
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  /** A beat that takes longer than its time is not overtaken by the next one. */
  #beat(): void {
    this.#subscription.beat();
    this.#beating ??= this.#members
      .beat()
      // Redis is away, which the log has: the next beat tries again.
      .catch((error: unknown) => {
        if (RelayError.from(error).code === 'ERR_RELAY_UNAVAILABLE') return;
        this.#logger.error({ err: error }, 'The state in Redis could not be looked at');
      })
      .then(noop)
      .finally(() => {
        this.#beating = undefined;
      });
  }
}

function ttlOf(ms: number): string {
  return String(Math.max(1, Math.ceil(ms)));
}

function closed(): RelayError {
  return new RelayError('ERR_RELAY_CLOSED', 'The backplane is closed.');
}
