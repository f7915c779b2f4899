import { RelayError } from './errors.js';
import type { Role } from './model.js';

/**
 * What a participant may do; the names are LiveKit's. What is left out is allowed.
 * @category Authentication
 */
export interface Grants {
  /** The only room that it may join. @default any */
  room?: string;
  /** Send audio and video. @default true */
  canPublish?: boolean;
  /** Receive the others' tracks. @default true */
  canSubscribe?: boolean;
  /** Not shown to the others; can't publish. @default false */
  hidden?: boolean;
}

const KNOWN = { room: 'string', canPublish: 'boolean', canSubscribe: 'boolean', hidden: 'boolean' } as const;

/** A grant that this version does not know can't be enforced: refused, rather than silently not. */
export function checkGrants(grants: Grants): void {
  for (const [name, value] of Object.entries(grants)) {
    const type = KNOWN[name as keyof Grants];
    if (type === undefined || (value !== undefined && typeof value !== type)) {
      throw new RelayError('ERR_RELAY_INTERNAL', 'The permissions of this user are misconfigured.', {
        cause: new TypeError(
          type ? `grants.${name} must be a ${type}` : `grants.${name} is not a grant of this version`,
        ),
      });
    }
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
