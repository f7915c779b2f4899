import { createHmac } from 'node:crypto';
import { RelayError } from '../protocol/errors.js';
import type { IceServer } from '../protocol/types.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
import { wallClock } from '../util/wall-clock.js';
import type { IceServersContext } from './ice-servers.js';

/**
 * The options of `turnRest()`.
 * @category Configuration
 */
export interface TurnRestOptions {
  /** Shared with the TURN server; coturn: `use-auth-secret`, `static-auth-secret`. */
  secret: string;
  /** `turn:turn.example.org`, `turns:turn.example.org:443?transport=tcp`. */
  uris: readonly string[];
  /** Lifetime of the credentials in ms; make it longer than a session. @default 86400000, a day */
  ttlMs?: number;
}

const KEYS: Keys<TurnRestOptions> = { secret: true, uris: true, ttlMs: true };

/**
 * TURN servers with temporary credentials for each session (TURN REST API, draft-uberti-behave-turn-rest), for the option
 * `iceServers`.
 *
 * ```ts
 * new SfuRelay({ sfu, authenticate, iceServers: turnRest({ secret, uris: ['turn:turn.example.org'] }) });
 * ```
 * @throws RelayError `ERR_RELAY_CONFIG`
 * @category Configuration
 */
export function turnRest(
  options: TurnRestOptions,
): (context: Pick<IceServersContext, 'userId'>) => IceServer[] {
  const example = 'turnRest({ secret, uris: ["turn:turn.example.org"] })';
  checkOptions({ name: 'turnRest()', example }, options, KEYS);
  const { secret, uris } = options;
  const ttlMs = integer(options, 'ttlMs', 86_400_000, 1_000);
  if (typeof secret !== 'string' || secret === '')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      '"secret" is missing: the static-auth-secret of the TURN server.',
    );
  if (
    !Array.isArray(uris) ||
    uris.length === 0 ||
    !uris.every((uri) => typeof uri === 'string' && /^turns?:./.test(uri))
  )
    throw new RelayError('ERR_RELAY_CONFIG', '"uris" must be a list: ["turn:turn.example.org"].');
  const urls = [...uris];
  return ({ userId }) => {
    const username = `${Math.floor((wallClock() + ttlMs) / 1_000)}:${userId}`;
    return [{ urls, username, credential: createHmac('sha1', secret).update(username).digest('base64') }];
  };
}
