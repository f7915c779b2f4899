import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPublicAddress } from '../../../src/guard/public-address.js';

const NOT_PUBLIC_IPV4: Record<string, string> = {
  unspecified: '0.0.0.0',
  'of this network': '0.1.2.3',
  'private (10/8)': '10.0.0.1',
  'private (172.16/12)': '172.31.255.255',
  'private (192.168/16)': '192.168.1.1',
  'of a carrier': '100.64.0.1',
  loopback: '127.0.0.1',
  'link-local': '169.254.169.254',
  'of protocol assignments': '192.0.0.8',
  'documentation 1': '192.0.2.1',
  'documentation 2': '198.51.100.1',
  'documentation 3': '203.0.113.255',
  '6to4 anycast': '192.88.99.1',
  'for benchmarks': '198.19.0.1',
  multicast: '224.0.0.251',
  'multicast, administrative': '239.255.255.250',
  reserved: '240.0.0.1',
  broadcast: '255.255.255.255',
};
const PUBLIC_IPV4 = [
  '8.8.8.8',
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '192.0.1.1',
  '198.20.0.1',
  '223.255.255.255',
];

const groups = (ipv4: string) => {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d] as const;
};
const hex = (ipv4: string) =>
  groups(ipv4)
    .map((group) => group.toString(16))
    .join(':');
const inverted = (ipv4: string) =>
  groups(ipv4)
    .map((group) => (group ^ 0xffff).toString(16))
    .join(':');

/** IPv6 addresses that lead to an IPv4 one. */
const EMBEDDED: [string, (ipv4: string) => string][] = [
  ['mapped', (ipv4) => `::ffff:${ipv4}`],
  ['mapped, in hexadecimal', (ipv4) => `0:0:0:0:0:ffff:${hex(ipv4)}`],
  ['NAT64', (ipv4) => `64:ff9b::${hex(ipv4)}`],
  ['NAT64, in decimal', (ipv4) => `64:FF9B::${ipv4}`],
  ['6to4', (ipv4) => `2002:${hex(ipv4)}::1`],
  ['the server of Teredo', (ipv4) => `2001:0:${hex(ipv4)}:8000:63bf:${inverted('8.8.8.8')}`],
  ['the client of Teredo', (ipv4) => `2001::${hex('8.8.8.8')}:0:1:${inverted(ipv4)}`],
  ['ISATAP', (ipv4) => `2a00:1450::200:5efe:${ipv4}`],
];

describe('an address', () => {
  test.each(Object.entries(NOT_PUBLIC_IPV4))('of IPv4 that is %s is not public', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(PUBLIC_IPV4)('of IPv4 that is none of these is: %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['link-local', 'fe80::1'],
    ['site-local', 'fec0::1'],
    ['unique local', 'fd00::1'],
    ['multicast', 'ff02::fb'],
    ['multicast, global', 'ff0e::1'],
    ['IPv4-compatible', '::10.0.0.1'],
    ['IPv4-compatible, of a public address', '::8.8.8.8'],
    ['IPv4-translated', '::ffff:0:10.0.0.1'],
    ['NAT64 of local use', '64:ff9b:1::808:808'],
    ['discarded', '100::1'],
    ['documentation', '2001:db8::1'],
    ['documentation, the newer prefix', '3fff:fff::1'],
    ['for benchmarks', '2001:2::1'],
    ['ORCHID', '2001:20::1'],
    ['segment routing', '5f00::1'],
    ['unassigned', '4000::1'],
  ])('of IPv6 that is %s is not public', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(['2a00:1450:4001::1', '2606:4700::1111', '2001:4860:4860::8888', '3fff:1000::1', '2001:200::'])(
    'of IPv6 that is none of these is: %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each(EMBEDDED)('of IPv6 that leads to one of IPv4 (%s) is as public as that one', (_, embed) => {
    for (const address of Object.values(NOT_PUBLIC_IPV4)) expect(isPublicAddress(embed(address))).toBe(false);
    for (const address of PUBLIC_IPV4) expect(isPublicAddress(embed(address))).toBe(true);
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(embed(address))).toBe(isPublicAddress(address));
      }),
    );
  });

  test('is judged the same in whatever way it is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const { hostname } = new URL(`http://[${address}]`);
        expect(isPublicAddress(address)).toBe(isPublicAddress(hostname.slice(1, -1)));
      }),
    );
  });

  test('that is none is not public', () => {
    for (const text of ['', 'localhost', 'a.local', '10.0.0', '8.8.8.8.8', '2001:::1'])
      expect(isPublicAddress(text)).toBe(false);
  });
});
