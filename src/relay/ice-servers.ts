import pTimeout from 'p-timeout';
import type { Principal } from '../access/authentication.js';
import { RelayError } from '../protocol/errors.js';
import type { IceServer, Role } from '../protocol/types.js';
import { checkOptions, type Keys } from '../util/check-options.js';
import { deadlineTimers } from '../util/deadline.js';
import type { Logger } from '../util/logger.js';

/**
 * The joining session that needs ICE servers.
 * @category Session
 */
export interface IceServersContext<P extends Principal = Principal> {
  readonly sessionId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly role: Role;
  readonly principal: P | undefined;
  /** Aborted when the result is not needed any more. */
  readonly signal: AbortSignal;
}

/**
 * Returns the ICE servers of one session, for example with credentials of its own.
 * @category Session
 */
export type IceServersFunction<P extends Principal = Principal> = (
  context: IceServersContext<P>,
) => readonly IceServer[] | Promise<readonly IceServer[]>;

/** Never throws or rejects. */
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
      // Most clients need no ICE servers: they can join without.
      logger.warn({ err: error, sessionId: session.sessionId }, 'A session has no ICE servers');
      return [];
    }
  };
}

/** `url` and `credentialType` come from older drafts: some services still send them, and browsers ignore them. */
const KEYS: Keys<IceServer & { url?: string; credentialType?: string }> = {
  urls: true,
  username: true,
  credential: true,
  url: true,
  credentialType: true,
};

/** Returns a copy. */
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

/** The message does not contain the values, as these have credentials. */
function wrong(why: string): RelayError {
  return new RelayError('ERR_RELAY_CONFIG', `"iceServers" can't be used, ${why}: write [${EXAMPLE}].`);
}
