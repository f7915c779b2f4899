import type { Backplane } from '../../backplane/backplane.js';
import { misconfigured } from '../../util/check-options.js';

const METHODS = ['enter', 'processes', 'open', 'reserve', 'release', 'put', 'get', 'send', 'close'] as const;

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function checkBackplane(backplane: Backplane | undefined): Backplane | undefined {
  if (backplane === undefined) return undefined;
  const isComplete = METHODS.every((name) => typeof backplane?.[name] === 'function');
  if (!isComplete)
    throw misconfigured(
      '"backplane" is not one: write backplane: redisBackplane({ client }) with redisBackplane of sfu-relay/redis, or leave it out.',
    );
  return backplane;
}
