/**
 * The key of a client's address: for IPv6 the /64 network, as a host can use any address of it. The core normalizes addresses
 * to one spelling.
 */
export function network(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [plain] = /^(?:[^:]+:){4}/.exec(address) ?? [];
  if (plain) return `${plain}:/64`;
  const [before = [], after = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
