import { RelayError } from './errors.js';
import { network } from './network.js';
import type { SessionState } from './session-events.js';
import { integer } from './sfu/options.js';

/**
 * How many there may be at once, in this process; those that are still joining count.
 * @category Limits
 */
export interface CountLimits {
  /** Sessions of a user, in all rooms. @default unlimited */
  maxSessionsPerUser?: number;
  /** Participants of a room; those with the grant `hidden` are let in, and don't count. @default unlimited */
  maxParticipantsPerRoom?: number;
  /** Rooms with participants. @default unlimited */
  maxRooms?: number;
  /** WebSockets and event streams of an address, or of an IPv6 network of 64 bits. @default unlimited */
  maxConnectionsPerAddress?: number;
}

export type ResolvedCountLimits = Required<CountLimits>;

const NAMES: readonly string[] = [
  'maxSessionsPerUser',
  'maxParticipantsPerRoom',
  'maxRooms',
  'maxConnectionsPerAddress',
] satisfies (keyof CountLimits)[];

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveCountLimits(limits: CountLimits = {}): ResolvedCountLimits {
  const unknown = Object.keys(limits).find((name) => !NAMES.includes(name));
  if (unknown !== undefined)
    throw new RelayError('ERR_RELAY_CONFIG', `"limits" has "${unknown}": write one of ${NAMES.join(', ')}.`);
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

/** What counts of a session. */
interface Counted {
  readonly roomId: string;
  readonly userId: string;
  readonly hidden: boolean;
  readonly state: SessionState;
}

/**
 * Whether there may be one more session. Those that are leaving don't count any more, and neither does one that the new
 * one is going to replace.
 * @throws RelayError `ERR_RELAY_TOO_MANY`
 */
export function checkCounts(
  limits: ResolvedCountLimits,
  joining: Omit<Counted, 'state'>,
  sessions: Iterable<Counted>,
  isReplaced: (other: Counted) => boolean,
): void {
  const { maxSessionsPerUser, maxParticipantsPerRoom, maxRooms } = limits;
  if (Math.min(maxSessionsPerUser, maxParticipantsPerRoom, maxRooms) === Number.POSITIVE_INFINITY) return;
  const rooms = new Set<string>();
  let ofUser = 0;
  let inRoom = 0;
  for (const other of sessions) {
    if ((other.state !== 'joining' && other.state !== 'joined') || isReplaced(other)) continue;
    rooms.add(other.roomId);
    if (other.userId === joining.userId) ofUser += 1;
    if (other.roomId === joining.roomId && !other.hidden) inRoom += 1;
  }
  if (ofUser >= maxSessionsPerUser)
    throw tooMany(`Too many sessions: you have ${ofUser} already, leave one first.`);
  if (inRoom >= maxParticipantsPerRoom && !joining.hidden)
    throw tooMany(`The room is full: ${inRoom} are in it already.`);
  if (rooms.size >= maxRooms && !rooms.has(joining.roomId))
    throw tooMany(`No more rooms can be opened: there are ${rooms.size} already.`);
}

/** The connections of each address. */
export class AddressCount {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor({ maxConnectionsPerAddress }: ResolvedCountLimits) {
    this.#most = maxConnectionsPerAddress;
  }

  /**
   * Counts one more; returns how to count it no longer.
   * @throws RelayError `ERR_RELAY_TOO_MANY`
   */
  add(remoteAddress: string | undefined): () => void {
    if (this.#most === Number.POSITIVE_INFINITY || remoteAddress === undefined) return () => {};
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

function tooMany(message: string): RelayError {
  return new RelayError('ERR_RELAY_TOO_MANY', message);
}
