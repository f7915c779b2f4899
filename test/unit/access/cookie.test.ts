import { describe, expect, test } from 'vitest';
import { cookie } from '../../../src/index.js';
import { failure, withToken } from '../plugins/auth/authority.js';

const read = (header: string | undefined, name = 'session') =>
  cookie(name)(withToken(undefined, header === undefined ? {} : { cookie: header }));

describe('cookie()', () => {
  test.each<[string | undefined, string | undefined]>([
    ['session=abc', 'abc'],
    ['a=1; session=abc; b=2', 'abc'],
    ['a=1;session=abc', 'abc'],
    ['session="abc"', 'abc'],
    ['session=a%20b', 'a b'],
    ['session=50%', '50%'],
    ['session=a=b==', 'a=b=='],
    ['session=', ''],
    ['session=abc; session=abc', 'abc'],
    ['Session=abc', undefined],
    ['xsession=abc', undefined],
    ['session', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('of "%s" is "%s"', (header, value) => {
    expect(read(header)).toBe(value);
  });

  test('that is there twice with different values is nobody’s: a sibling domain may have set one', async () => {
    const { code, why } = await failure((async () => read('session=mallory; session=alice'))());
    expect(code).toBe('ERR_RELAY_UNAUTHENTICATED');
    expect(why).toContain('__Host-');
  });

  test.each([undefined, '', 'a b', 'a=b', 'a;b', 7])('of the name %j is refused', (name) => {
    expect(() => cookie(name as string)).toThrow("cookie('access_token')");
  });
});
