import { describe, expect, test } from 'vitest';
import { redisBackplane } from '../../../../src/plugins/redis/index.js';

const method = () => {};

/** What both packages have. */
const basic = { duplicate: method, publish: method, eval: method, on: method, listeners: () => [] };

const node = { ...basic, evalSha: method, disconnect: method };

const make = (options: unknown) => () => redisBackplane(options as { client: never });

describe('redisBackplane', () => {
  test.each([
    ['node-redis', node],
    ['ioredis', { ...basic, evalsha: method, disconnect: method, connect: method }],
  ])('takes a client of %s, by its methods', (_, client) => {
    expect(make({ client })).not.toThrow();
  });

  test.each([
    ['no options', undefined, /redisBackplane\(\{ client \}\)/],
    ['no client', {}, /"client" must be a client of Redis: write .*createClient/],
    ['a URL', { client: 'redis://127.0.0.1' }, /"client" must be a client of Redis/],
    ['a client of another package', { client: basic }, /does not know: write .*ioredis/],
    [
      'a client in the legacy mode of version 4',
      { client: { ...node, options: { legacyMode: true } } },
      /has "legacyMode", .*leave it out/,
    ],
    ['a misspelled option', { client: node, prefixx: 'a' }, /Did you mean "prefix"/],
    ['a prefix with a hash tag', { client: node, prefix: 'a{b}' }, /without braces/],
    ['an empty prefix', { client: node, prefix: '' }, /prefix: "sfu-relay"/],
    ['no time at all', { client: node, timeoutMs: 0 }, /"timeoutMs" must be a whole number/],
    ['more time than a lease has', { client: node, timeoutMs: 5_000 }, /from 1 to 3000/],
  ])('refuses %s, and says what to write', (_, options, message) => {
    expect(make(options)).toThrow(expect.objectContaining({ code: 'ERR_RELAY_CONFIG' }));
    expect(make(options)).toThrow(message);
  });

  test('closes once, however often it is asked to', () => {
    const backplane = make({ client: node })();
    expect(backplane.close()).toBe(backplane.close());
  });
});
