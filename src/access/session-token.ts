import crypto, { randomFillSync, timingSafeEqual } from 'node:crypto';

const BYTES = 32;
/** As base64url. */
const LENGTH = 43;

/** Random bytes for many tokens: a draw for each token costs more than everything else about it. */
const pool = Buffer.allocUnsafeSlow(BYTES * 64);
let used = pool.length;

/**
 * Makes the token that proves a client's ownership of a session. Only the client keeps the token; the relay keeps its hash.
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

/** The hash of a client's token. */
export const hashOfSessionToken = hashOf;

export function isSessionToken(given: string, hash: string): boolean {
  if (given.length !== LENGTH) return false;
  return timingSafeEqual(Buffer.from(hashOf(given), 'latin1'), Buffer.from(hash, 'latin1'));
}

/** In constant time. @param hash of a token that somebody else has received */
export function isSameHash(hash: string, other: string): boolean {
  const [one, two] = [Buffer.from(hash, 'latin1'), Buffer.from(other, 'latin1')];
  return one.length === two.length && timingSafeEqual(one, two);
}

/** One character per byte: held for the life of the session, it takes a third of the memory of a Buffer. */
function hashOf(token: string): string {
  // `crypto.hash` exists since Node 20.12 and is several times as fast.
  return crypto.hash
    ? crypto.hash('sha256', token, 'binary')
    : crypto.createHash('sha256').update(token).digest('binary');
}
