import { describe, expect, test } from 'vitest';
import { admitRequest } from '../../../../src/signaling/authentication/client-request.js';
import { resolveRequestOptions } from '../../../../src/signaling/options.js';

const addressOf = (remoteAddress: string | undefined, forwarded = '', trustProxy = 0) =>
  admitRequest(
    { url: '/rtc', headers: { 'x-forwarded-for': forwarded }, remoteAddress },
    resolveRequestOptions({ trustProxy }),
  ).remoteAddress;

describe("the client's address", () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
    ['0000:0000:0000:0000:0000:0000:0000:0001', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['/tmp/relay.sock', '/tmp/relay.sock'],
    [undefined, undefined],
  ])('%s is spelt %s', (address, spelt) => {
    expect(addressOf(address)).toBe(spelt);
  });

  test.each([
    ['203.0.113.9, 198.51.100.7', 1, '198.51.100.7'],
    ['203.0.113.9, 198.51.100.7', 2, '203.0.113.9'],
    ['203.0.113.9', 5, '203.0.113.9'],
    ['198.51.100.7:4711', 1, '198.51.100.7'],
    ['[2001:db8::1]:4711', 1, '2001:db8::1'],
    ['2001:db8::1', 1, '2001:db8::1'],
    ['unknown', 1, '127.0.0.1'],
    ['<script>', 1, '127.0.0.1'],
    ['', 1, '127.0.0.1'],
    ['203.0.113.9', 0, '127.0.0.1'],
  ])('X-Forwarded-For: %s, of %i proxies that are ours: %s', (forwarded, hops, address) => {
    expect(addressOf('127.0.0.1', forwarded, hops)).toBe(address);
  });
});

describe('the options of requests', () => {
  test.each([
    ['https://live.example.org/', 'https://live.example.org'],
    ['https://live.example.org/rtc', 'https://live.example.org'],
    ['HTTPS://Live.example.org', 'https://live.example.org'],
    ['https://live.example.org:443', 'https://live.example.org'],
    ['live.example.org', 'https://live.example.org'],
    ['*', 'https://live.example.org'],
  ])('an origin %s is none: the error says what to write', (origin, better) => {
    expect(() => resolveRequestOptions({ allowedOrigins: [origin] })).toThrow(`write "${better}"`);
  });

  test.each(['https://live.example.org', 'http://localhost:3000', 'capacitor://localhost'])(
    'an origin %s is one',
    (origin) => {
      expect(resolveRequestOptions({ allowedOrigins: [origin] }).allowedOrigins).toEqual(new Set([origin]));
    },
  );

  test.each([-1, 0.5, Number.NaN])('trustProxy: %s is refused', (trustProxy) => {
    expect(() => resolveRequestOptions({ trustProxy })).toThrow('"trustProxy" must be a whole number');
  });
});
