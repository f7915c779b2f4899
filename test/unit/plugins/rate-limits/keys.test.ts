import { describe, expect, test } from 'vitest';
import { network } from '../../../../src/limits/ip-network.js';
import { rateLimits } from '../../../../src/plugins/rate-limits/index.js';
import { redisKey } from '../../../../src/util/redis-key.js';
import { refusal } from './limited-message.js';

describe('an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['2001::a:b:c:d:e', '2001:0:0:a::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['1:2:3::4:5:6:7:8:9:10', '1:2:3:4::/64'],
    ['a pipe', 'a pipe'],
  ])('%s counts as %s', (address, expected) => {
    expect(network(address)).toBe(expected);
  });

  test("of IPv6 shares its network's budget", async () => {
    const limiter = rateLimits({ address: { points: 20, durationMs: 60_000 } });
    const join = (remoteAddress: string) => refusal(limiter, { method: 'join', remoteAddress });
    expect(await join('2001:db8:1:2::1')).toBeUndefined();
    expect(await join('2001:db8:1:2:ffff::2')).toMatchObject({ code: 'ERR_RELAY_TOO_MANY' });
    expect(await join('2001:db8:1:3::1')).toBeUndefined();
  });
});

describe('an id in Redis', () => {
  const hostile = [
    'alice',
    'a:b',
    'a%3Ab',
    '{a}:b',
    'a b\r\n',
    '#',
    'ß',
    '\ufffd',
    '\ud800',
    '\ud801',
    'x'.repeat(128),
    'x'.repeat(129),
    'x'.repeat(1_000_000),
    'x'.repeat(1_000_001),
    '\u20ac'.repeat(128),
  ];

  test('is never the same as another', () => {
    expect(new Set(hostile.map(redisKey)).size).toBe(hostile.length);
  });

  test('is as it was where it is harmless', () => {
    expect(redisKey('alice@example.org')).toBe('alice%40example.org');
    expect(redisKey('0b6f7a3c-1234_5.6~7')).toBe('0b6f7a3c-1234_5.6~7');
  });

  test('has neither separators nor tags, and is of bounded length', () => {
    for (const id of hostile) {
      expect(redisKey(id)).not.toMatch(/[:{}\s]/);
      expect(redisKey(id).length).toBeLessThanOrEqual(128 * 9);
    }
  });
});
