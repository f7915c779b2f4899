import { describe, expect, test } from 'vitest';
import { authenticationFailure } from '../../../src/access/authentication.js';
import { ERRORS, RelayError } from '../../../src/index.js';
import { errorObject } from '../../../src/signaling/wire/json-rpc.js';

/** A class of the same name, as a second copy of the library in the process has it. */
class OtherCopy extends Error {
  override readonly name = 'RelayError';
  constructor(
    readonly code: string,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
    Object.defineProperty(this, Symbol.for('sfu-relay.RelayError'), { value: true });
  }
}

describe('a code of the application', () => {
  const error = new RelayError('ERR_NO_COINS', 'You have no coins left.');

  test('reaches the client beside the code of a refusal', () => {
    expect(errorObject(error)).toEqual({
      code: ERRORS.ERR_RELAY_FORBIDDEN.rpc,
      message: 'You have no coins left.',
      data: { code: 'ERR_RELAY_FORBIDDEN', appCode: 'ERR_NO_COINS', retryable: false },
    });
    expect(error).toMatchObject({ closeCode: 4403, httpStatus: 403, retryable: false });
  });

  test('is in its JSON', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'RelayError',
      code: 'ERR_RELAY_FORBIDDEN',
      appCode: 'ERR_NO_COINS',
      message: 'You have no coins left.',
      retryable: false,
    });
  });

  test.each(['toString', '__proto__', 'constructor', '', 'x'.repeat(1_000)])('may be %j', (code) => {
    const odd = new RelayError(code, 'No.');
    expect(odd).toMatchObject({ code: 'ERR_RELAY_FORBIDDEN', appCode: code.slice(0, 128), rpcCode: -32003 });
  });

  test('that is no string counts as a refusal without a code', () => {
    for (const code of [undefined, null, 7, {}, Symbol('x')])
      expect(errorObject(new RelayError(code as never, 'No.')).data).toEqual({
        code: 'ERR_RELAY_FORBIDDEN',
        retryable: false,
      });
  });

  test('a duration that is none is left out', () => {
    for (const retryAfterMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, 'soon' as never])
      expect(new RelayError('ERR_RELAY_TOO_MANY', 'Later.', { retryAfterMs }).retryAfterMs).toBeUndefined();
  });
});

describe('an error of another copy of the library', () => {
  const other = new OtherCopy('ERR_RELAY_TOO_MANY', 'Slow down.', 500);

  test('is an instance of RelayError, and keeps its code, message and duration', () => {
    expect(other).toBeInstanceOf(RelayError);
    const own = RelayError.from(other);
    expect(own).toMatchObject({ code: 'ERR_RELAY_TOO_MANY', message: 'Slow down.', retryAfterMs: 500 });
    expect(own.stack).toBe(other.stack);
  });

  test('keeps a code of the application', () => {
    expect(RelayError.from(new OtherCopy('ERR_NO_COINS', 'No.')).appCode).toBe('ERR_NO_COINS');
  });

  test('a subclass of the application means its own errors', () => {
    class NoCoins extends RelayError {}
    expect(new NoCoins('ERR_NO_COINS', 'No.')).toBeInstanceOf(NoCoins);
    expect(new NoCoins('ERR_NO_COINS', 'No.')).toBeInstanceOf(RelayError);
    expect(new RelayError('ERR_RELAY_FORBIDDEN', 'No.')).not.toBeInstanceOf(NoCoins);
    expect(other).not.toBeInstanceOf(NoCoins);
  });
});

test('whatever is thrown becomes an error whose members can be read', () => {
  const throwing = new RelayError('ERR_RELAY_FORBIDDEN', 'No.');
  for (const name of ['stack', 'cause', 'message', 'code'])
    Object.defineProperty(throwing, name, {
      get() {
        throw new Error('a getter');
      },
    });
  const assigned = Object.assign(new RelayError('ERR_RELAY_FORBIDDEN', 'No.'), {
    appCode: 10n,
    retryAfterMs: 5n,
  });
  const redefined = new RelayError('ERR_RELAY_FORBIDDEN', 'No.');
  for (const name of ['appCode', 'rpcCode', 'httpStatus', 'retryable'])
    Object.defineProperty(redefined, name, {
      get() {
        throw new Error('a getter');
      },
    });
  const changed = Object.assign(new RelayError('ERR_RELAY_FORBIDDEN', 'No.'), { code: 'ERR_NO_COINS' });
  const hostile = new Proxy(new Error('x'), {
    get() {
      throw new Error('a trap');
    },
    getPrototypeOf() {
      throw new Error('a trap');
    },
  });
  const things = [
    undefined,
    null,
    'text',
    7,
    Object.freeze(new Error('frozen')),
    throwing,
    changed,
    assigned,
    redefined,
    hostile,
  ];
  for (const thing of things) {
    const error = RelayError.from(thing);
    expect(Object.hasOwn(ERRORS, error.code)).toBe(true);
    expect(() => [error.rpcCode, error.closeCode, error.httpStatus, error.retryable]).not.toThrow();
    expect(() => JSON.stringify(errorObject(error))).not.toThrow();
  }
  expect(RelayError.from(changed).appCode).toBe('ERR_NO_COINS');
});

describe('what authenticate throws', () => {
  const withCode = (code: string) => Object.assign(new Error('x'), { code });
  const named = (name: string) => Object.assign(new Error('x'), { name });

  test.each([
    ['the status 401', Object.assign(new Error('x'), { status: 401 }), 'ERR_RELAY_UNAUTHENTICATED'],
    ['the statusCode 401', Object.assign(new Error('x'), { statusCode: 401 }), 'ERR_RELAY_UNAUTHENTICATED'],
    ['the status 403', Object.assign(new Error('x'), { status: 403 }), 'ERR_RELAY_FORBIDDEN'],
    [
      'a bad signature (jose)',
      withCode('ERR_JWS_SIGNATURE_VERIFICATION_FAILED'),
      'ERR_RELAY_UNAUTHENTICATED',
    ],
    ['a wrong audience (jose)', withCode('ERR_JWT_CLAIM_VALIDATION_FAILED'), 'ERR_RELAY_UNAUTHENTICATED'],
    ['a wrong algorithm (jose)', withCode('ERR_JOSE_ALG_NOT_ALLOWED'), 'ERR_RELAY_UNAUTHENTICATED'],
    ['an unknown key (jose)', withCode('ERR_JWKS_NO_MATCHING_KEY'), 'ERR_RELAY_UNAUTHENTICATED'],
    ['an expired token (jose)', withCode('ERR_JWT_EXPIRED'), 'ERR_RELAY_EXPIRED'],
    ['a bad token (jsonwebtoken)', named('JsonWebTokenError'), 'ERR_RELAY_UNAUTHENTICATED'],
    ['an expired token (jsonwebtoken)', named('TokenExpiredError'), 'ERR_RELAY_EXPIRED'],
    ['a RelayError', new RelayError('ERR_RELAY_TOO_MANY', 'x'), 'ERR_RELAY_TOO_MANY'],
    ['a code of its own', new RelayError('ERR_BANNED', 'x'), 'ERR_RELAY_FORBIDDEN'],
  ])('%s is a refusal', (_name, error, code) => {
    expect(authenticationFailure(error).code).toBe(code);
  });

  test.each([
    ['a database that is down', new Error('connect ECONNREFUSED')],
    ['the status 500', Object.assign(new Error('x'), { status: 500 })],
    ['a key server that is slow (jose)', withCode('ERR_JWKS_TIMEOUT')],
    ['a key server that fails (jose)', withCode('ERR_JOSE_GENERIC')],
    ['undefined', undefined],
    ['a string', 'no'],
  ])('%s is none: the client may try again', (_name, error) => {
    const failure = authenticationFailure(error);
    expect(failure).toMatchObject({ code: 'ERR_RELAY_AUTH_UNAVAILABLE', closeCode: 4503, retryable: true });
    expect(failure.cause).toBe(error);
  });
});
