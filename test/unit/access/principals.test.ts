import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  type Authenticate,
  type Hooks,
  type Principal,
  RelayError,
  SfuRelay,
  type SfuRelayOptions,
} from '../../../src/index.js';

const relays: SfuRelay[] = [];
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
});

const request = { url: '/', headers: {}, remoteAddress: undefined, token: undefined };

/** What becomes of what the application returns, and what the operator is told. */
async function authenticateBy(options: Pick<SfuRelayOptions, 'authenticate' | 'hooks'>) {
  const error = vi.fn();
  const relay = new SfuRelay({
    sfu: { serverUrl: '127.0.0.1:1', probeOnStart: false },
    logger: { debug() {}, info() {}, warn() {}, error },
    ...options,
  });
  relays.push(relay);
  const outcome = await relay.authenticate(request).catch((failure: unknown) => failure);
  return { outcome, reports: error.mock.calls.map(([{ err }]) => err as Error) };
}

const returning = (principal: unknown) => (() => principal) as Authenticate;

/** All messages of an error and of its causes. */
function messagesOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${messagesOf(error.cause)}` : '';
}

class User {
  readonly plan = 'gold';
  get userId() {
    return 789;
  }
}

describe('a user that is a whole number', () => {
  test.each<[string, object]>([
    ['in a plain object', { userId: 789, plan: 'gold' }],
    ['in a frozen object', Object.freeze({ userId: Number.MAX_SAFE_INTEGER })],
    ['in an object of a class', new User()],
  ])('is taken %s, which stays the object that the application returned', async (_, principal) => {
    const { outcome, reports } = await authenticateBy({ authenticate: returning(principal) });
    expect(outcome).toBe(principal);
    expect(reports).toEqual([]);
  });

  test('is taken from onAuthenticate', async () => {
    const principal = Object.freeze({ userId: 0 });
    const hooks: Hooks = { onAuthenticate: () => principal };
    expect(await authenticateBy({ authenticate: returning({}), hooks })).toEqual({
      outcome: principal,
      reports: [],
    });
  });

  test('has the type that the application gave it', () => {
    const make = () =>
      new SfuRelay({ sfu: { serverUrl: 'x' }, authenticate: () => ({ userId: 789, plan: 'gold' }) });
    type Typed = ReturnType<typeof make>;
    type Known = NonNullable<NonNullable<ReturnType<Typed['getSession']>>['principal']>;
    expectTypeOf<Known['userId']>().toEqualTypeOf<number>();
    expectTypeOf<Principal['userId']>().toEqualTypeOf<string | number | undefined>();
  });
});

describe.each<[string, unknown, string]>([
  ['an object', { id: 7 }, 'not object'],
  ['a list', ['alice'], 'not object'],
  ['a bigint', 7n, 'not bigint'],
  ['undefined', undefined, 'not undefined'],
  ['null', null, 'not null'],
  ['empty', '', 'not an empty string'],
  ['too long', 'x'.repeat(129), 'not a string of 129 characters'],
  ['a control character', 'a\nb', 'not a string with control characters'],
  ['half a surrogate pair', 'a\ud800', 'half a surrogate pair'],
  ['NaN', Number.NaN, 'not the number NaN'],
  ['infinite', Number.POSITIVE_INFINITY, 'not the number Infinity'],
  ['a fraction', 1.5, 'not the number 1.5'],
  ['beyond 2^53', 2 ** 53, 'not the number 9007199254740992'],
])('a user that is %s', (_, userId, fault) => {
  test('is reported to the operator, and the client gets a plain sentence', async () => {
    const { outcome, reports } = await authenticateBy({ authenticate: returning({ userId }) });
    expect(outcome).toBeInstanceOf(RelayError);
    expect(outcome).toMatchObject({
      code: 'ERR_RELAY_INTERNAL',
      message: 'Authentication is misconfigured on this server.',
    });
    expect(reports).toHaveLength(1);
    expect(messagesOf(reports[0])).toContain('"userId" must be a string of 1 to 128 characters');
    expect(messagesOf(reports[0])).toContain(fault);
  });

  test('is reported likewise where onAuthenticate returned it', async () => {
    const hooks = { onAuthenticate: () => ({ userId }) } as unknown as Hooks;
    const { outcome, reports } = await authenticateBy({ authenticate: returning({}), hooks });
    expect(outcome).toMatchObject({ code: 'ERR_RELAY_INTERNAL', message: 'Internal error.' });
    expect(messagesOf(reports[0])).toContain(fault);
  });
});
