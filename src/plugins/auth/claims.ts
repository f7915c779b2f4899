import {
  checkUserId,
  misused,
  type NoPrincipal,
  type Principal,
  withExpiry,
} from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import type { Grants, TrackSource } from '../../protocol/types.js';
import { wallClock } from '../../util/wall-clock.js';
import { expired, refused } from './failures.js';

/**
 * What a verified token, or the authorization server, says (RFC 7519 § 4, RFC 7662 § 2.2).
 * @category Authentication
 */
export interface Claims {
  readonly sub?: unknown;
  /** s since the epoch. */
  readonly exp?: unknown;
  readonly [name: string]: unknown;
}

/**
 * Makes a principal of a token's claims, or refuses it as `authenticate` does: by `false`, or a `RelayError`. `expiresAt`
 * is that of the token, where the principal has no earlier one.
 * @category Authentication
 */
export type MapClaims<P extends Principal = Principal> = (
  claims: Claims,
) => P | NoPrincipal | Promise<P | NoPrincipal>;

/**
 * The claim `video` of LiveKit's tokens, as far as it has a meaning here.
 * @category Authentication
 */
export interface VideoClaim {
  /** @default any room */
  room?: string;
  /** Without it no room may be joined. @default false */
  roomJoin?: boolean;
  /** @default true */
  canPublish?: boolean;
  /** Empty, as LiveKit has it, means all. @default all */
  canPublishSources?: TrackSource[];
  /** @default true */
  canSubscribe?: boolean;
  /** @default as `canPublish` */
  canPublishData?: boolean;
  /** @default false */
  hidden?: boolean;
  /** @default false */
  roomAdmin?: boolean;
}

/**
 * The grants of a LiveKit-style claim `video`: all of them are said, none is left to a default. Other members of the
 * claim have no meaning here and are ignored.
 * @throws RelayError `ERR_RELAY_FORBIDDEN` where there is no such claim: the token says nothing of rooms.
 * @category Authentication
 */
export function videoGrants(
  video: unknown,
): Required<Omit<Grants, 'room' | 'canPublishSources' | 'maxTracks'>> & Grants {
  if (typeof video !== 'object' || video === null || Array.isArray(video))
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'The token says nothing of rooms.', {
      cause: new Error('the token has no claim "video": say by mapClaims what its user may do'),
    });
  const {
    room,
    roomJoin,
    canPublish = true,
    canPublishSources,
    canSubscribe = true,
    ...rest
  } = video as VideoClaim;
  const { canPublishData = canPublish, hidden = false, roomAdmin = false } = rest;
  // Values of the wrong type are found where every principal's grants are checked.
  return {
    ...(roomJoin === true ? room !== undefined && { room } : { room: [] }),
    ...(Array.isArray(canPublishSources) && canPublishSources.length === 0
      ? {}
      : canPublishSources !== undefined && { canPublishSources }),
    canPublish,
    canSubscribe,
    canPublishData,
    hidden,
    roomAdmin,
  };
}

/** `sub` is the user, `video` has the grants. */
const mapByVideo: MapClaims = ({ sub, video }) => {
  if (typeof sub !== 'string' || sub === '') throw refused('the token has no claim "sub": it names no user');
  return { userId: sub, grants: videoGrants(video) };
};

/** The latest time that a Date can have. */
const END_OF_TIME_MS = 8.64e15;

/**
 * @param toleranceMs by how much clocks may differ
 * @throws RelayError what `mapClaims` throws, or `ERR_RELAY_UNAUTHENTICATED`, `ERR_RELAY_EXPIRED`
 */
export async function toPrincipal<P extends Principal>(
  claims: Claims,
  mapClaims: MapClaims<P> | undefined,
  toleranceMs: number,
): Promise<P> {
  const { exp } = claims;
  // What the default gives is all that a P without members of its own has.
  const principal = await (mapClaims ?? (mapByVideo as MapClaims<P>))(claims);
  if (principal === false || principal === null || principal === undefined)
    throw refused('mapClaims() has refused the claims');
  if (typeof principal !== 'object')
    throw misused('mapClaims() must return a principal, an object, or false');
  if ('userId' in principal) {
    const { userId }: { userId?: unknown } = principal;
    if (userId === undefined || userId === null || userId === '')
      throw refused('mapClaims() gave a "userId" that is empty: the token names no user');
    checkUserId(userId);
  }
  if (exp === undefined) return principal;
  const end = Math.min(Number(exp) * 1_000 + toleranceMs, END_OF_TIME_MS);
  if (!(end > wallClock())) throw expired();
  return withExpiry(principal, Math.min(end, principal.expiresAt ?? end));
}
