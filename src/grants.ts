import { RelayError } from './errors.js';
import { LIMITS } from './limits.js';
import type { Role, Track } from './model.js';

/**
 * What a participant may do; the names are LiveKit's. What is left out is allowed.
 * @category Authentication
 */
export interface Grants {
  /** The only room that it may join. @default any */
  room?: string;
  /** Send audio and video. @default true */
  canPublish?: boolean;
  /**
   * What it may send. A source is the client's word, so its kind is what is enforced: `camera` and `screen_share` are
   * video, `microphone` and `screen_share_audio` are audio. @default all
   */
  canPublishSources?: readonly TrackSource[];
  /** Tracks that it may send at a time. @default 16 */
  maxTracks?: number;
  /** Receive the others' tracks. @default true */
  canSubscribe?: boolean;
  /** Not shown to the others; can't publish. @default false */
  hidden?: boolean;
}

/**
 * Where a track comes from; LiveKit's names.
 * @category Authentication
 */
export type TrackSource = keyof typeof KIND_OF_SOURCE;

const KIND_OF_SOURCE = {
  camera: 'video',
  microphone: 'audio',
  screen_share: 'video',
  screen_share_audio: 'audio',
} as const;

const isBoolean = (value: unknown) => typeof value === 'boolean';

const CHECKS: Record<keyof Grants, (value: unknown) => boolean> = {
  room: (value) => typeof value === 'string',
  canPublish: isBoolean,
  canPublishSources: (value) =>
    Array.isArray(value) && value.every((each) => Object.hasOwn(KIND_OF_SOURCE, each)),
  maxTracks: (value) => Number.isInteger(value) && (value as number) >= 0,
  canSubscribe: isBoolean,
  hidden: isBoolean,
};

/** A grant that this version does not know can't be enforced: refused, rather than silently not. */
export function checkGrants(grants: Grants): void {
  for (const [name, value] of Object.entries(grants)) {
    const isSound = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof Grants] : undefined;
    if (isSound && (value === undefined || isSound(value))) continue;
    const cause = new TypeError(
      `grants.${name} is ${isSound ? 'of the wrong type' : 'not a grant of this version'}`,
    );
    throw new RelayError('ERR_RELAY_INTERNAL', 'The permissions of this user are misconfigured.', { cause });
  }
}

/**
 * The role that a participant gets in a room.
 * @throws RelayError `ERR_RELAY_FORBIDDEN` where the grants say no.
 */
export function resolveRole(grants: Grants, roomId: string, wanted: Role | undefined): Role {
  checkGrants(grants);
  if (grants.room !== undefined && grants.room !== roomId)
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'You may not join this room.');
  const canPublish = grants.canPublish !== false && grants.hidden !== true;
  if (wanted === 'publisher' && !canPublish)
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'You may not publish in this room.');
  return wanted ?? (canPublish ? 'publisher' : 'subscriber');
}

/** The kinds of tracks that a participant may send, and how many. */
export function publishLimits(
  grants: Grants,
  role: Role,
): { kinds: ReadonlySet<Track['kind']>; maxTracks: number } {
  const sources = grants.canPublishSources ?? (Object.keys(KIND_OF_SOURCE) as TrackSource[]);
  const kinds = role === 'publisher' ? sources.map((source) => KIND_OF_SOURCE[source]) : [];
  return {
    kinds: new Set(kinds),
    maxTracks: Math.min(grants.maxTracks ?? LIMITS.maxTracks, LIMITS.maxTracks),
  };
}
