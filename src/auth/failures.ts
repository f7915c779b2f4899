import { RelayError } from '../errors.js';

/** The token is no good. Why is for the log: a message, and no more of what was thrown than that. */
export function refused(reason: string): RelayError {
  return new RelayError('ERR_RELAY_UNAUTHENTICATED', 'The token is not valid.', { cause: new Error(reason) });
}

export function expired(): RelayError {
  return new RelayError('ERR_RELAY_EXPIRED', 'The token has expired.');
}

/** Nobody can say now whether the token is any good. */
export function unavailable(cause: unknown, retryAfterMs?: number): RelayError {
  return new RelayError('ERR_RELAY_AUTH_UNAVAILABLE', 'Authentication is not available now: try again.', {
    cause,
    ...(retryAfterMs !== undefined && { retryAfterMs: Math.ceil(retryAfterMs) }),
  });
}

export function misconfigured(message: string): RelayError {
  return new RelayError('ERR_RELAY_CONFIG', message);
}
