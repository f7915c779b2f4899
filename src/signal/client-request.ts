import { isIP } from 'node:net';
import { RelayError } from '../errors.js';
import type { ResolvedRequestOptions } from './options.js';
import type { HandshakeRequest } from './socket.js';

/**
 * The request as the application may rely on it: the address is the client's, whatever proxies are in between.
 * @throws RelayError `ERR_RELAY_FORBIDDEN`: the page that sent it is not one of those allowed.
 */
export function admitRequest(
  request: HandshakeRequest,
  { allowedOrigins, trustProxy }: ResolvedRequestOptions,
): HandshakeRequest {
  const { origin } = request.headers;
  if (allowedOrigins && origin !== undefined && !allowedOrigins.has(origin))
    throw new RelayError('ERR_RELAY_FORBIDDEN', 'This page may not connect: its origin is not allowed.');
  const forwarded = trustProxy > 0 ? forwardedAddress(request, trustProxy) : undefined;
  return { ...request, remoteAddress: forwarded ?? plainAddress(request.remoteAddress) };
}

/** As the outermost of our own proxies saw it. What stands further left in the header is the client's own word. */
function forwardedAddress(request: HandshakeRequest, hops: number): string | undefined {
  const entries = (request.headers['x-forwarded-for'] ?? '').split(',').map((entry) => entry.trim());
  const entry = entries.at(-hops) ?? entries[0] ?? '';
  // Some proxies add the port: 192.0.2.1:4711, [2001:db8::1]:4711.
  const address = /^\[([^\]]+)\]/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
  return isIP(address) === 0 ? undefined : plainAddress(address);
}

/** One spelling of an address on every transport; an IPv4 one that came over an IPv6 socket is an IPv4 one. */
function plainAddress(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) !== 6 || !URL.canParse(`http://[${address}]`)) return address;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  return Buffer.from(high.padStart(4, '0') + low.padStart(4, '0'), 'hex').join('.');
}
