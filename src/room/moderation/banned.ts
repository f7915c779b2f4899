import { isUnavailable } from '../../backplane/attempt.js';
import { type Ban, hasExpired } from '../../backplane/ban-store.js';
import { RelayError } from '../../protocol/errors.js';

/** What a removed user is told without a reason. */
export const REMOVED = 'You have been removed from this room.';

/** @throws RelayError `ERR_RELAY_REMOVED` */
export function refuseBanned(ban: Ban | undefined): void {
  if (ban && !hasExpired(ban)) throw new RelayError('ERR_RELAY_REMOVED', ban.reason ?? REMOVED);
}

/** While the bans that processes share can't be read, who was in the room stays: a ban takes its seat as well. */
export function unlessUnknown(error: unknown): void {
  if (!isUnavailable(error)) throw error;
}
