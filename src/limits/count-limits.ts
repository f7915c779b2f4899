import { randomUUID } from 'node:crypto';
import { RelayError } from '../protocol/errors.js';
import type { SessionState } from '../protocol/session-state.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
import { noop } from '../util/noop.js';
import { network } from './ip-network.js';

/**
 * Limits of concurrent sessions, participants, rooms and connections in this process. Joining sessions count.
 * @category Limits
 */
export interface CountLimits {
  /** Sessions of a user, in all rooms. @default unlimited */
  maxSessionsPerUser?: number;
  /** Participants of a room. Hidden ones (grant `hidden`) do not count and are always admitted. @default unlimited */
  maxParticipantsPerRoom?: number;
  /** Rooms with participants. @default unlimited */
  maxRooms?: number;
  /** WebSockets of an IPv4 address or an IPv6 /64 network. @default unlimited */
  maxConnectionsPerAddress?: number;
}

export type ResolvedCountLimits = Required<CountLimits>;

const KEYS: Keys<CountLimits> = {
  maxSessionsPerUser: true,
  maxParticipantsPerRoom: true,
  maxRooms: true,
  maxConnectionsPerAddress: true,
};

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveCountLimits(limits: CountLimits = {}): ResolvedCountLimits {
  checkOptions({ name: '"limits"', example: 'limits: { maxRooms: 100 }' }, limits, KEYS);
  const limit = (name: keyof CountLimits) =>
    limits[name] === undefined || limits[name] === Number.POSITIVE_INFINITY
      ? Number.POSITIVE_INFINITY
      : integer({ [`limits.${name}`]: limits[name] }, `limits.${name}`, 1);
  return {
    maxSessionsPerUser: limit('maxSessionsPerUser'),
    maxParticipantsPerRoom: limit('maxParticipantsPerRoom'),
    maxRooms: limit('maxRooms'),
    maxConnectionsPerAddress: limit('maxConnectionsPerAddress'),
  };
}

/** A room, with the number of its joining and joined sessions. */
interface CountedRoom {
  readonly occupancy: { readonly count: number; readonly visibleCount: number };
}

interface CountedSession {
  readonly room: CountedRoom;
  readonly hidden: boolean;
  readonly state: SessionState;
}

/** A session that is about to join, and those that there are. */
interface Joining<Session extends CountedSession> {
  /** Undefined where it is the first one. */
  readonly room: CountedRoom | undefined;
  readonly hidden: boolean;
  /** The sessions of its user in all rooms. */
  readonly ofUser: readonly Session[];
  /** The sessions that it replaces. */
  readonly replaced: ReadonlySet<Session>;
  /** The number of rooms with joining or joined sessions. */
  readonly occupiedRooms: number;
}

/**
 * Checks whether one more session is allowed. Closing sessions do not count, nor do those that the new one replaces.
 * @throws RelayError `ERR_RELAY_TOO_MANY`
 */
export function checkCounts<Session extends CountedSession>(
  { maxSessionsPerUser, maxParticipantsPerRoom, maxRooms }: ResolvedCountLimits,
  { room, hidden, ofUser, replaced, occupiedRooms }: Joining<Session>,
): void {
  const freed = [...replaced].filter(isCounted);
  if (ofUser.length >= maxSessionsPerUser) {
    const sum = ofUser.filter((other) => isCounted(other) && !replaced.has(other)).length;
    if (sum >= maxSessionsPerUser)
      throw tooMany(`Too many sessions: you have ${sum} already, leave one first.`);
  }
  const freedOf = (one: CountedRoom | undefined) => freed.filter((other) => other.room === one);
  const { count, visibleCount } = room?.occupancy ?? { count: 0, visibleCount: 0 };
  const visible = visibleCount - freedOf(room).filter((other) => !other.hidden).length;
  if (visible >= maxParticipantsPerRoom && !hidden)
    throw tooMany(`The room is full: ${visible} are in it already.`);
  if (occupiedRooms < maxRooms || count > freedOf(room).length) return;
  const vacated = [...new Set(freed.map((other) => other.room))].filter(
    (one) => one.occupancy.count === freedOf(one).length,
  );
  const rooms = occupiedRooms - vacated.length;
  if (rooms >= maxRooms) throw tooMany(`No more rooms can be opened: there are ${rooms} already.`);
}

function isCounted({ state }: CountedSession): boolean {
  return state === 'joining' || state === 'joined';
}

/** Counts of all processes. */
interface SharedCounts {
  /** Returns false where the scope has `max` others. */
  reserve(scope: string, id: string, max: number): boolean | Promise<boolean>;
  release(scope: string, id: string): void;
}

/** Counts the connections of each address. */
export class AddressCount {
  readonly #most: number;
  readonly #counts = new Map<string, number>();
  readonly #shared: SharedCounts | undefined;

  constructor(
    { maxConnectionsPerAddress }: Pick<ResolvedCountLimits, 'maxConnectionsPerAddress'>,
    shared?: SharedCounts,
  ) {
    this.#most = maxConnectionsPerAddress;
    this.#shared = shared;
  }

  /**
   * Counts one more connection; returns a function that uncounts it.
   * @param onRefused called later where other processes have too many connections of the address already
   * @throws RelayError `ERR_RELAY_TOO_MANY`
   */
  add(remoteAddress: string | undefined, onRefused: (error: RelayError) => void = noop): () => void {
    if (this.#most === Number.POSITIVE_INFINITY || remoteAddress === undefined) return noop;
    const address = network(remoteAddress);
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#most)
      throw tooMany(`Too many connections from your address: there are ${count} already.`);
    this.#counts.set(address, count + 1);
    let isCounted = true;
    const release = this.#share(address, (error) => {
      if (isCounted) onRefused(error);
    });
    return () => {
      if (!isCounted) return;
      isCounted = false;
      release();
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left > 0) this.#counts.set(address, left);
      else this.#counts.delete(address);
    };
  }

  /** Where the others can't be asked, the connection passes. */
  #share(address: string, onRefused: (error: RelayError) => void): () => void {
    const shared = this.#shared;
    if (!shared) return noop;
    const [scope, id] = [`address ${address}`, randomUUID()];
    let isReleased = false;
    const release = () => {
      isReleased = true;
      shared.release(scope, id);
    };
    const reserve = async () => {
      const isFree = await shared.reserve(scope, id, this.#most);
      if (isReleased) release();
      else if (!isFree) onRefused(tooMany('Too many connections from your address.'));
    };
    reserve().catch(noop);
    return release;
  }
}

function tooMany(message: string): RelayError {
  return new RelayError('ERR_RELAY_TOO_MANY', message);
}
