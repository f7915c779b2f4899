import { RelayError } from '../../protocol/errors.js';

/** The refusal of a token. The reason goes to the log only; it must not contain parts of the token. */
export function refused(reason: string): RelayError {
  return new RelayError('ERR_RELAY_UNAUTHENTICATED', 'The token is not valid.', { cause: new Error(reason) });
}

/** Advice if the issuers differ only by a slash at the end; otherwise undefined. */
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

/** The token can be neither accepted nor refused now. */
export function unavailable(cause: unknown, retryAfterMs?: number): RelayError {
  return new RelayError('ERR_RELAY_AUTH_UNAVAILABLE', 'Authentication is not available now: try again.', {
    cause,
    ...(retryAfterMs !== undefined && { retryAfterMs: Math.ceil(retryAfterMs) }),
  });
}
