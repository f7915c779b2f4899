import { RelayError } from '../../protocol/errors.js';

/** The token is no good. Why is for the log: a message, and no more of what was thrown than that. */
export function refused(reason: string): RelayError {
  return new RelayError('ERR_RELAY_UNAUTHENTICATED', 'The token is not valid.', { cause: new Error(reason) });
}

/** What to write where the issuers differ by a slash at the end only; undefined where they differ otherwise. */
export function slashAdvice(wanted: unknown, iss: unknown): string | undefined {
  if (typeof iss !== 'string') return undefined;
  const isMeant = (each: unknown) => each === `${iss}/` || `${each}/` === iss;
  const [meant] = [wanted].flat().filter(isMeant);
  if (meant === undefined) return undefined;
  return `unexpected "iss": the token says "${iss}", and the option "issuer" "${meant}". Write issuer: "${iss}"`;
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
