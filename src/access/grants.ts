import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { Grants, LiveGrants, Role, Track, TrackSource } from '../protocol/types.js';
import { isRecord } from '../util/is-record.js';

const KIND_OF_SOURCE: Readonly<Record<TrackSource, Track['kind']>> = {
  camera: 'video',
  microphone: 'audio',
  screen_share: 'video',
  screen_share_audio: 'audio',
};

const isBoolean = (value: unknown) => typeof value === 'boolean';

function isListOf(value: unknown, isSound: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isSound);
}

const CHECKS: Record<keyof Grants, (value: unknown) => boolean> = {
  room: (value) => typeof value === 'string' || isListOf(value, (each) => typeof each === 'string'),
  canPublish: isBoolean,
  canPublishSources: (value) => isListOf(value, (each) => Object.hasOwn(KIND_OF_SOURCE, each as string)),
  maxTracks: (value) => Number.isInteger(value) && (value as number) >= 0,
  canSubscribe: isBoolean,
  canPublishData: isBoolean,
  hidden: isBoolean,
  roomAdmin: isBoolean,
};

const NAMES = Object.keys(CHECKS) as (keyof Grants)[];

const LIVE: ReadonlySet<string> = new Set([
  'canPublish',
  'canPublishSources',
  'maxTracks',
  'canSubscribe',
  'canPublishData',
  'roomAdmin',
] satisfies (keyof LiveGrants)[]);

/**
 * Copies the grants of a principal into a plain object. The application's may be getters or inherited, and a spread would drop
 * the restrictions in them.
 * @throws RelayError `ERR_RELAY_INTERNAL`: a grant is of the wrong type, or unknown and so could not be enforced
 */
export function readGrants(given: unknown): Grants {
  if (given === undefined || given === null) return {};
  if (!isRecord(given)) throw unenforceable('"grants" must be an object');
  // Includes inherited members.
  for (const name in given) {
    if (!Object.hasOwn(CHECKS, name)) throw unenforceable(`grants.${name} is not a grant of this version`);
  }
  const grants: Record<string, unknown> = {};
  for (const name of NAMES) {
    const value = given[name];
    if (value === undefined) continue;
    if (!CHECKS[name](value)) throw unenforceable(`grants.${name} is of the wrong type`);
    grants[name] = value;
  }
  return grants;
}

function unenforceable(fault: string): RelayError {
  const cause = new TypeError(fault);
  return new RelayError('ERR_RELAY_INTERNAL', 'The permissions of this user are misconfigured.', { cause });
}

/**
 * Checks changes to a session's grants.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function checkLiveGrants(given: unknown): LiveGrants {
  if (!isRecord(given)) throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"grants" must be an object.');
  for (const name in given) {
    if (!LIVE.has(name))
      throw new RelayError(
        'ERR_RELAY_INVALID_PARAMS',
        `"${name.slice(0, 64)}" can't be changed in a session: ${[...LIVE].join(', ')} can.`,
      );
  }
  const grants: Record<string, unknown> = {};
  for (const name of LIVE) {
    const value = given[name];
    if (value === undefined && !(name in given)) continue;
    if (!CHECKS[name as keyof Grants](value))
      throw new RelayError('ERR_RELAY_INVALID_PARAMS', `"grants.${name}" is of the wrong type.`);
    grants[name] = value;
  }
  return grants;
}

/** Whether the grants cover a room. */
function admitsRoom({ room }: Grants, roomId: string): boolean {
  if (room === undefined) return true;
  return (typeof room === 'string' ? [room] : room).some((pattern) => matches(pattern, roomId));
}

/** `*` matches any characters. Linear time for every pattern, as there is no backtracking. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let position = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return position <= text.length - last.length;
}

export function mayPublish({ canPublish, hidden }: Grants): boolean {
  return canPublish !== false && hidden !== true;
}

/**
 * The role of a participant in a room.
 * @throws RelayError `ERR_RELAY_FORBIDDEN` where the grants do not allow it
 */
export function resolveRole(grants: Grants, roomId: string, wanted: Role | undefined): Role {
  if (!admitsRoom(grants, roomId)) throw new RelayError('ERR_RELAY_FORBIDDEN', 'You may not join this room.');
  const canPublish = mayPublish(grants);
  if (wanted === 'publisher' && !canPublish)
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'You may not publish in this room.');
  return wanted ?? (canPublish ? 'publisher' : 'subscriber');
}

const NO_KINDS: ReadonlySet<Track['kind']> = new Set();
const ALL_KINDS: ReadonlySet<Track['kind']> = new Set(Object.values(KIND_OF_SOURCE));

function kindsOf(sources: readonly TrackSource[] | undefined): ReadonlySet<Track['kind']> {
  return sources ? new Set(sources.map((source) => KIND_OF_SOURCE[source])) : ALL_KINDS;
}

/** Limits of a participant's offers: kinds and number of tracks, data channels. */
export function publishLimits(grants: Grants, role: Role, dataChannels: boolean) {
  return {
    kinds: role === 'publisher' ? kindsOf(grants.canPublishSources) : NO_KINDS,
    maxTracks: Math.min(grants.maxTracks ?? LIMITS.maxTracks, LIMITS.maxTracks),
    canPublishData: grants.canPublishData !== false,
    dataChannels,
  };
}
