import { RelayError } from '../protocol/errors.js';
import { checkId } from '../protocol/ids.js';
import { checkOptions, type Keys } from '../util/check-options.js';
import { withDeadline } from '../util/deadline.js';
import { andThen, isPromise } from '../util/is-promise.js';
import { wallClock } from '../util/wall-clock.js';
import { attempt, unavailable } from './attempt.js';
import type { Backplane, MaybePromise } from './backplane.js';

/**
 * A user who may not join a room.
 * @category Moderation
 */
export interface Ban {
  userId: string;
  /** Shown to the user. */
  reason?: string;
  /** ms since the epoch. @default until the ban is lifted */
  until?: number;
}

/**
 * The duration of a ban and the reason shown to the user.
 * @category Moderation
 */
export interface BanOptions {
  /** ms. @default until the ban is lifted */
  durationMs?: number;
  /** Up to 100 characters. @default a generic sentence */
  reason?: string;
}

/**
 * Stores bans, which outlive sessions and rooms. The default is the memory of this process. For several relays, or to survive a
 * restart, pass your own (for example a database table) as the option `bans`.
 *
 * Expired bans need not be deleted: the relay checks `until`. A rejection makes the join fail, as does a `find` that takes longer than
 * `hookTimeoutMs`.
 * @category Moderation
 */
export interface BanStore {
  set(roomId: string, ban: Ban): void | Promise<void>;
  delete(roomId: string, userId: string): void | Promise<void>;
  find(roomId: string, userId: string): Ban | undefined | Promise<Ban | undefined>;
}

const MAX_BANS = 100_000;
const MAX_BANS_IN_ROOM = 1_000;

/** Bans in the memory of this process. A full store refuses further bans; it never drops one. */
export class MemoryBans implements BanStore {
  readonly #rooms = new Map<string, Map<string, Ban>>();
  #size = 0;

  set(roomId: string, ban: Ban): void {
    if (this.#size >= MAX_BANS) for (const id of [...this.#rooms.keys()]) this.#forgetExpired(id);
    this.#forgetExpired(roomId);
    this.delete(roomId, ban.userId);
    const room = this.#rooms.get(roomId) ?? new Map<string, Ban>();
    if (this.#size >= MAX_BANS || room.size >= MAX_BANS_IN_ROOM)
      throw new RelayError('ERR_RELAY_TOO_MANY', 'Too many bans: lift some, or let them run out.');
    this.#rooms.set(roomId, room.set(ban.userId, ban));
    this.#size += 1;
  }

  delete(roomId: string, userId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room?.delete(userId)) return;
    this.#size -= 1;
    if (room.size === 0) this.#rooms.delete(roomId);
  }

  find(roomId: string, userId: string): Ban | undefined {
    return this.#rooms.get(roomId)?.get(userId);
  }

  #forgetExpired(roomId: string): void {
    for (const ban of this.#rooms.get(roomId)?.values() ?? []) {
      if (hasExpired(ban)) this.delete(roomId, ban.userId);
    }
  }
}

/** ms for which a ban is kept that has no end: some ten years. */
const FOREVER_MS = 315_360_000_000;

/** Bans in the memory that processes share. */
class SharedBans implements BanStore {
  readonly #backplane: Backplane;

  constructor(backplane: Backplane) {
    this.#backplane = backplane;
  }

  set(roomId: string, ban: Ban): MaybePromise<void> {
    const ttlMs = ban.until === undefined ? FOREVER_MS : Math.max(1, ban.until - wallClock());
    return this.#put(keyOf(roomId, ban.userId), JSON.stringify(ban), ttlMs);
  }

  delete(roomId: string, userId: string): MaybePromise<void> {
    return this.#put(keyOf(roomId, userId), '', 1);
  }

  /** @throws RelayError `ERR_RELAY_UNAVAILABLE`: while the backplane is known to be away, at once */
  #put(key: string, value: string, ttlMs: number): MaybePromise<void> {
    const isAway = () => this.#backplane.outage?.isOn === true;
    if (isAway()) throw unavailable(new Error('what the processes share is away'));
    return attempt(() => this.#backplane.put(key, value, ttlMs), isAway);
  }

  find(roomId: string, userId: string): MaybePromise<Ban | undefined> {
    return andThen(
      attempt(() => this.#backplane.get(keyOf(roomId, userId))),
      (text) => (text ? (JSON.parse(text) as Ban) : undefined),
    );
  }
}

function keyOf(roomId: string, userId: string): string {
  return `ban ${JSON.stringify([roomId, userId])}`;
}

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveBans(bans: BanStore | undefined, timeoutMs: number, backplane?: Backplane): BanStore {
  if (bans === undefined) return backplane ? new SharedBans(backplane) : new MemoryBans();
  const missing = (['find', 'set', 'delete'] as const).filter((name) => typeof bans?.[name] !== 'function');
  if (missing.length > 0)
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"bans" needs ${missing.map((name) => `${name}()`).join(', ')}: write bans: { find(roomId, userId) {…}, set(roomId, ban) {…}, delete(roomId, userId) {…} }, or leave it out.`,
    );
  return inTime(bans, timeoutMs);
}

/** The store of the application. Nobody waits for it longer than for a hook. */
function inTime(bans: BanStore, timeoutMs: number): BanStore {
  const late = () => {
    const cause = new Error(`bans.find() has not answered within ${timeoutMs} ms ("hookTimeoutMs").`);
    return new RelayError('ERR_RELAY_INTERNAL', 'The application does not answer.', { cause });
  };
  return {
    set: (...ban) => bans.set(...ban),
    delete: (...user) => bans.delete(...user),
    find(...user) {
      const found = bans.find(...user);
      return isPromise(found) ? withDeadline(found, timeoutMs, late) : found;
    },
  };
}

export function hasExpired({ until }: Ban): boolean {
  return until !== undefined && until <= wallClock();
}

const KEYS: Keys<BanOptions> = { durationMs: true, reason: true };

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function makeBan(userId: string, options: BanOptions): Ban {
  const example = 'room.ban(userId, { durationMs: 600000, reason })';
  checkOptions({ name: 'ban()', example, code: 'ERR_RELAY_INVALID_PARAMS' }, options, KEYS);
  const { durationMs, reason } = options;
  if (durationMs !== undefined && !(Number.isSafeInteger(durationMs) && durationMs > 0))
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"durationMs" must be a positive integer.');
  return {
    userId: checkId(userId, 'userId'),
    ...(reason !== undefined && { reason: checkReason(reason) }),
    ...(durationMs !== undefined && { until: wallClock() + durationMs }),
  };
}

const REASON_KEYS: Keys<{ reason?: string }> = { reason: true };

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function readReason(name: string, example: string, options: { reason?: string }): string | undefined {
  checkOptions({ name, example, code: 'ERR_RELAY_INVALID_PARAMS' }, options, REASON_KEYS);
  return options.reason === undefined ? undefined : checkReason(options.reason);
}

/**
 * The reason shown to a removed user; it has to fit the close reason of a WebSocket.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
function checkReason(reason: unknown): string {
  if (typeof reason !== 'string' || reason === '' || reason.length > 100)
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"reason" must be a text of 1 to 100 characters.');
  return reason;
}
