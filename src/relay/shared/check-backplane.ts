import type { Backplane } from '../../backplane/backplane.js';
import { misconfigured } from '../../util/check-options.js';

const METHODS = ['enter', 'processes', 'open', 'reserve', 'release', 'put', 'get', 'send', 'close'] as const;

/** Those that relays have, or have had: a relay closes its backplane. */
const claimed = new WeakSet<Backplane>();

/** A relay has the backplane. */
export function claimBackplane(backplane: Backplane): void {
  claimed.add(backplane);
}

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function checkBackplane(backplane: Backplane | undefined): Backplane | undefined {
  if (backplane === undefined) return undefined;
  const isComplete = METHODS.every((name) => typeof backplane?.[name] === 'function');
  if (!isComplete)
    throw misconfigured(
      '"backplane" is not one: write backplane: redisBackplane({ client }) with redisBackplane of sfu-relay/redis, or leave it out.',
    );
  if (claimed.has(backplane))
    throw misconfigured(
      '"backplane" belongs to another relay, which closes it: write redisBackplane({ client }) for each relay; they may share the client.',
    );
  return backplane;
}
