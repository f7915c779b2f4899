import pTimeout from 'p-timeout';
import type { Principal } from '../access/authentication.js';
import { RelayError } from '../protocol/errors.js';
import type { IceServer, Role } from '../protocol/types.js';
import { checkOptions, type Keys } from '../util/check-options.js';
import { deadlineTimers } from '../util/deadline.js';
import type { Logger } from '../util/logger.js';

/**
 * Whom ICE servers are for: a session that is joining.
 * @category Session
 */
export interface IceServersContext<P extends Principal = Principal> {
  readonly sessionId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly role: Role;
  readonly principal: P | undefined;
  /** Aborted when nobody waits for them any more. */
  readonly signal: AbortSignal;
}

/**
 * ICE servers for one session: with credentials of its own, near to it.
 * @category Session
 */
export type IceServersFunction<P extends Principal = Principal> = (
  context: IceServersContext<P>,
) => readonly IceServer[] | Promise<readonly IceServer[]>;

/** Those of a session; never throws, nor rejects. */
export type IceServersFor<P extends Principal> = (
  session: Omit<IceServersContext<P>, 'signal'>,
) => readonly IceServer[] | Promise<readonly IceServer[]>;

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveIceServers<P extends Principal>(
  option: readonly IceServer[] | IceServersFunction<P> = [],
  { timeoutMs, logger }: { timeoutMs: number; logger: Logger },
): IceServersFor<P> {
  if (typeof option !== 'function') {
    const servers = checkIceServers(option);
    return () => servers;
  }
  return async (session) => {
    const late = new AbortController();
    try {
      const given = Promise.resolve(option({ ...session, signal: late.signal }));
      return checkIceServers(
        await pTimeout(given, { milliseconds: timeoutMs, customTimers: deadlineTimers }),
      );
    } catch (error) {
      late.abort(error);
      // Most clients need none: nobody is kept out because those who do can't be helped now.
      logger.warn({ err: error, sessionId: session.sessionId }, 'A session has no ICE servers');
      return [];
    }
  };
}

/** `url` and `credentialType` are of older drafts: services that make such lists still have them, and browsers ignore them. */
const KEYS: Keys<IceServer & { url?: string; credentialType?: string }> = {
  urls: true,
  username: true,
  credential: true,
  url: true,
  credentialType: true,
};

/** A copy. */
function checkIceServers(value: unknown): readonly IceServer[] {
  if (!Array.isArray(value)) throw wrong('it is no list');
  return value.map((server: unknown) => {
    checkOptions({ name: 'An entry of "iceServers"', example: EXAMPLE }, server, KEYS);
    const { urls, username, credential } = server as IceServer;
    const all = [urls].flat();
    if (all.length === 0 || !all.every((url) => typeof url === 'string' && /^(stun|turn)s?:./.test(url)))
      throw wrong(`its "urls" are ${JSON.stringify(urls)}`);
    for (const text of [username, credential])
      if (text !== undefined && typeof text !== 'string') throw wrong('"username" and "credential" are text');
    return {
      urls: Array.isArray(urls) ? all : urls,
      ...(username !== undefined && { username }),
      ...(credential !== undefined && { credential }),
    };
  });
}

const EXAMPLE = '{ urls: "turn:turn.example.org", username, credential }';

/** Without the values: they have credentials. */
function wrong(why: string): RelayError {
  return new RelayError('ERR_RELAY_CONFIG', `"iceServers" can't be used, ${why}: write [${EXAMPLE}].`);
}
