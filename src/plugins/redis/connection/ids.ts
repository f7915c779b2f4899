import { randomBytes } from 'node:crypto';

/** An id of 96 bits, without separators. */
export function randomToken(): string {
  return randomBytes(12).toString('base64url');
}
