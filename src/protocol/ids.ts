import { RelayError } from './errors.js';
import { LIMITS } from './limits.js';

const LEGAL_ID = /^[^\p{Cc}]+$/u;

/** Whether the value is a valid id of a room, a user, a session or a message. */
export function isId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    LEGAL_ID.test(value) &&
    value.length <= LIMITS.maxIdLength &&
    value.isWellFormed()
  );
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` with this name */
export function checkId(value: unknown, name: string): string {
  if (!isId(value))
    throw new RelayError(
      'ERR_RELAY_INVALID_PARAMS',
      `"${name}" must be a string of 1 to ${LIMITS.maxIdLength} characters without control characters.`,
    );
  return value;
}

/** As `checkId`; the message for a missing id explains it by `what`. @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function requireId(value: unknown, name: string, what: string): string {
  if (value === undefined || value === null)
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', `"${name}" is missing: ${what}.`);
  return checkId(value, name);
}
