import { expect, test } from 'vitest';
import { isSessionToken, makeSessionToken } from '../../../src/access/session-token.js';

test('a session token is 32 random bytes as base64url, and no two are alike', () => {
  const tokens = Array.from({ length: 1_000 }, () => makeSessionToken().token);
  expect(new Set(tokens).size).toBe(1_000);
  for (const token of tokens) {
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(Buffer.from(token, 'base64url').length).toBe(32);
  }
});

test('a session token is known again by its hash, from which it can not be told', () => {
  const { token, hash } = makeSessionToken();
  const other = makeSessionToken();
  expect(isSessionToken(token, hash)).toBe(true);
  expect(isSessionToken(other.token, hash)).toBe(false);
  expect(hash).toHaveLength(32);
  expect(Buffer.from(hash, 'latin1').equals(Buffer.from(token, 'base64url'))).toBe(false);
  for (const wrong of ['', hash, `${token}=`, token.slice(1), token.toLowerCase(), 'é'.repeat(43)])
    expect(isSessionToken(wrong, hash)).toBe(false);
});
