import { BlockList, isIP } from 'node:net';

/**
 * IPv4 addresses that are not public unicast addresses: those of IANA's special-purpose registry (RFC 6890) that are not globally
 * reachable, and multicast.
 */
const SPECIAL_IPV4 = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast; reserved addresses, including broadcast.
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  SPECIAL_IPV4.addSubnet(network, bits, 'ipv4');

/** Whether it is a public unicast address. An IPv6 address that embeds an IPv4 address counts as that address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  return family === 4 ? isPublicIpv4(address) : family === 6 && isPublicIpv6(groupsOf(address));
}

function isPublicIpv4(address: string): boolean {
  return !SPECIAL_IPV4.check(address, 'ipv4');
}

function isPublicIpv6(groups: readonly number[]): boolean {
  const [first = 0, second = 0, , , fifth = 0, sixth = 0] = groups;
  const isZero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
  // ISATAP (RFC 5214): the last 32 bits are the IPv4 address, under any prefix.
  const isIsatap = (fifth === 0 || fifth === 0x200) && sixth === 0x5efe;
  if (isIsatap && !isPublicIpv4(ipv4At(groups, 6))) return false;
  const isMapped = isZero(0, 5) && sixth === 0xffff;
  const isNat64 = first === 0x64 && second === 0xff9b && isZero(2, 6);
  if (isMapped || isNat64) return isPublicIpv4(ipv4At(groups, 6));
  const isTeredo = first === 0x2001 && second === 0;
  if (isTeredo) return isPublicIpv4(ipv4At(groups, 2)) && isPublicIpv4(ipv4At(inverted(groups), 6));
  const is6to4 = first === 0x2002;
  if (is6to4) return isPublicIpv4(ipv4At(groups, 1));
  // The rest of 2001::/23 is protocol assignments; 2001:db8::/32 and 3fff::/20 are for documentation.
  const isSpecial =
    (first === 0x2001 && (second < 0x200 || second === 0xdb8)) || (first === 0x3fff && second < 0x1000);
  const isGlobalUnicast = first >> 13 === 1;
  return isGlobalUnicast && !isSpecial;
}

function inverted(groups: readonly number[]): number[] {
  return groups.map((group) => group ^ 0xffff);
}

/** The IPv4 address in two groups. */
function ipv4At(groups: readonly number[], index: number): string {
  const [high = 0, low = 0] = groups.slice(index);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const [before = [], after = []] = address.split('::').map(readGroups);
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after];
}

function readGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return Number.parseInt(part, 16);
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
