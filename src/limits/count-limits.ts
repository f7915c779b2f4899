import { RelayError } from '../protocol/errors.js';
import type { SessionState } from '../protocol/session-state.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
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

/** The counted properties of a session. */
interface Counted {
  readonly roomId: string;
  readonly userId: string;
  readonly hidden: boolean;
  readonly state: SessionState;
}

/** Looks up existing sessions. */
interface SessionLookup<Session> {
  ofUser(userId: string): readonly Session[];
  inRoom(roomId: string): ReadonlySet<Session>;
  readonly roomCount: number;
  rooms(): Iterable<Iterable<Session>>;
}

/**
 * Checks whether one more session is allowed. Closing sessions do not count, nor do those that the new one replaces.
 * @throws RelayError `ERR_RELAY_TOO_MANY`
 */
export function checkCounts<Session extends Counted>(
  { maxSessionsPerUser, maxParticipantsPerRoom, maxRooms }: ResolvedCountLimits,
  joining: Omit<Counted, 'state'>,
  sessions: SessionLookup<Session>,
  isReplaced: (other: Session) => boolean,
): void {
  const counts = (other: Session) =>
    (other.state === 'joining' || other.state === 'joined') && !isReplaced(other);
  // Sessions that do not count are few: inspect them one by one only where the total reaches the limit.
  const ofUser = sessions.ofUser(joining.userId);
  if (ofUser.length >= maxSessionsPerUser) {
    const sum = count(ofUser, counts);
    if (sum >= maxSessionsPerUser)
      throw tooMany(`Too many sessions: you have ${sum} already, leave one first.`);
  }
  const inRoom = sessions.inRoom(joining.roomId);
  if (inRoom.size >= maxParticipantsPerRoom && !joining.hidden) {
    const sum = count(inRoom, (other) => counts(other) && !other.hidden);
    if (sum >= maxParticipantsPerRoom) throw tooMany(`The room is full: ${sum} are in it already.`);
  }
  if (sessions.roomCount < maxRooms || count(inRoom, counts) > 0) return;
  const rooms = count(sessions.rooms(), (room) => count(room, counts) > 0);
  if (rooms >= maxRooms) throw tooMany(`No more rooms can be opened: there are ${rooms} already.`);
}

function count<Each>(all: Iterable<Each>, counts: (each: Each) => boolean): number {
  let sum = 0;
  for (const each of all) if (counts(each)) sum += 1;
  return sum;
}

/** Counts the connections of each address. */
export class AddressCount {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor({ maxConnectionsPerAddress }: ResolvedCountLimits) {
    this.#most = maxConnectionsPerAddress;
  }

  /**
   * Counts one more connection; returns a function that uncounts it.
   * @throws RelayError `ERR_RELAY_TOO_MANY`
   */
  add(remoteAddress: string | undefined): () => void {
    if (this.#most === Number.POSITIVE_INFINITY || remoteAddress === undefined) return noop;
    const address = network(remoteAddress);
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#most)
      throw tooMany(`Too many connections from your address: there are ${count} already.`);
    this.#counts.set(address, count + 1);
    let isCounted = true;
    return () => {
      if (!isCounted) return;
      isCounted = false;
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left > 0) this.#counts.set(address, left);
      else this.#counts.delete(address);
    };
  }
}

function noop(): void {}

function tooMany(message: string): RelayError {
  return new RelayError('ERR_RELAY_TOO_MANY', message);
}
