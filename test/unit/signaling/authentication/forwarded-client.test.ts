import { expect, test } from 'vitest';
import { fromForwardedClient } from '../../../../src/signaling/authentication/forwarded-client.js';

class User {
  readonly userId = 'alice';
  expiresAt = 1_000;

  get isStaff(): boolean {
    return this.userId === 'alice';
  }
}

const renew = (principal: object | undefined) =>
  fromForwardedClient(
    { principal } as never,
    { userId: 'alice', keyHash: '', expiresAt: 2_000 },
    { url: '/', headers: {}, remoteAddress: undefined },
  ).principal;

test('a principal that is an instance of a class keeps its getters when a newer token comes by another process', () => {
  const user = new User();
  const [once, twice] = [renew(user), renew(renew(user))];
  for (const renewed of [once, twice]) {
    expect(renewed).toBeInstanceOf(User);
    expect(renewed).toMatchObject({ isStaff: true, expiresAt: 2_000, grants: undefined });
  }
  expect(user.expiresAt).toBe(1_000);
});

test('a session without a principal gets that of the token', () => {
  expect(renew(undefined)).toEqual({ grants: undefined, expiresAt: 2_000 });
});
