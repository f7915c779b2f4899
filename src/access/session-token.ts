import crypto, { randomFillSync, timingSafeEqual } from 'node:crypto';

const BYTES = 32;
/** As base64url. */
const LENGTH = 43;

/** Random bytes for many tokens: drawing them one by one costs more than all the rest of a token. */
const pool = Buffer.allocUnsafeSlow(BYTES * 64);
let used = pool.length;

/**
 * What its client proves by that a session is its own: the token, which only the client keeps, and its hash, by which it
 * is known again.
 */
export function makeSessionToken(): { token: string; hash: string } {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const token = pool.toString('base64url', used, used + BYTES);
  pool.fill(0, used, used + BYTES);
  used += BYTES;
  return { token, hash: hashOf(token) };
}

/** What is kept of a token that a client has brought. */
export const hashOfSessionToken = hashOf;

export function isSessionToken(given: string, hash: string): boolean {
  if (given.length !== LENGTH) return false;
  return timingSafeEqual(Buffer.from(hashOf(given), 'latin1'), Buffer.from(hash, 'latin1'));
}

/** A character a byte: it is held as long as the session, and takes a third of a Buffer. */
function hashOf(token: string): string {
  // Since Node 20.12, and several times as fast.
  return crypto.hash
    ? crypto.hash('sha256', token, 'binary')
    : crypto.createHash('sha256').update(token).digest('binary');
}
