import { RelayError } from './errors.js';
import { LIMITS } from './limits.js';

const LEGAL_ID = /^[^\p{Cc}]+$/u;

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` that calls it by its name. */
export function checkId(value: unknown, name: string): string {
  if (
    typeof value !== 'string' ||
    !LEGAL_ID.test(value) ||
    value.length > LIMITS.maxIdLength ||
    !value.isWellFormed()
  )
    throw new RelayError(
      'ERR_RELAY_INVALID_PARAMS',
      `"${name}" must be a string of 1 to ${LIMITS.maxIdLength} characters without control characters.`,
    );
  return value;
}
