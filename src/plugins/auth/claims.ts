import {
  checkUserId,
  misused,
  type NoPrincipal,
  type Principal,
  withExpiry,
} from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import type { Grants, TrackSource } from '../../protocol/types.js';
import { isRecord } from '../../util/is-record.js';
import { wallClock } from '../../util/wall-clock.js';
import { expired, refused } from './failures.js';

/**
 * The claims of a verified token, or of the authorization server (RFC 7519 § 4, RFC 7662 § 2.2).
 * @category Authentication
 */
export interface Claims {
  readonly sub?: unknown;
  /** s since the epoch. */
  readonly exp?: unknown;
  readonly [name: string]: unknown;
}

/**
 * Turns a token's claims into a principal, or refuses them as `authenticate` does: by `false`, or a `RelayError`.
 * `expiresAt` becomes the token's, unless the principal has an earlier one.
 * @category Authentication
 */
export type MapClaims<P extends Principal = Principal> = (
  claims: Claims,
) => P | NoPrincipal | Promise<P | NoPrincipal>;

/**
 * The claim `video` of LiveKit's tokens: the members that the relay supports.
 * @category Authentication
 */
export interface VideoClaim {
  /** @default any room */
  room?: string;
  /** Required to join a room. @default false */
  roomJoin?: boolean;
  /** @default true */
  canPublish?: boolean;
  /** As in LiveKit, an empty list means all. @default all */
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
 * The grants of a LiveKit-style claim `video`. All grants are set explicitly; other members of the claim are ignored.
 * @throws RelayError `ERR_RELAY_FORBIDDEN`: the token has no such claim
 * @category Authentication
 */
export function videoGrants(
  video: unknown,
): Required<Omit<Grants, 'room' | 'canPublishSources' | 'maxTracks'>> & Grants {
  if (!isRecord(video))
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
  // `authenticate`'s result is checked for values of the wrong type, whatever its origin.
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

/** The default: `sub` is the user, `video` has the grants. */
const mapByVideo: MapClaims = ({ sub, video }) => {
  if (typeof sub !== 'string' || sub === '') throw refused('the token has no claim "sub": it names no user');
  return { userId: sub, grants: videoGrants(video) };
};

/** The latest time that a Date can have. */
const END_OF_TIME_MS = 8.64e15;

/**
 * @param toleranceMs ms by which clocks may differ
 * @throws RelayError the error of `mapClaims`, or `ERR_RELAY_UNAUTHENTICATED`, `ERR_RELAY_EXPIRED`
 */
export async function toPrincipal<P extends Principal>(
  claims: Claims,
  mapClaims: MapClaims<P> | undefined,
  toleranceMs: number,
): Promise<P> {
  const { exp } = claims;
  // Without `mapClaims` P is `Principal`, by the overloads of `jwt()` and `introspection()`.
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
