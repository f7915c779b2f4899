import { isIP } from 'node:net';
import { hasAmbientCredentials, withholdCredentials } from '../../access/cookie.js';
import type { ResolvedRequestOptions } from '../options.js';
import type { HandshakeRequest } from '../wire/handshake.js';
import { checkPage, findForeignPage, forwarded } from './page-origin.js';

/**
 * The request as the application sees it: with the client's own address instead of a proxy's, and without the cookies of
 * pages that may not use them.
 * @throws RelayError `ERR_RELAY_FORBIDDEN`: the origin of its page is not allowed
 */
export function admitRequest(request: HandshakeRequest, options: ResolvedRequestOptions): HandshakeRequest {
  const { trustProxy } = options;
  checkPage(request, options);
  const { url, headers } = request;
  const address = trustProxy > 0 ? forwardedAddress(request, trustProxy) : undefined;
  const admitted = { url, headers, remoteAddress: address ?? plainAddress(request.remoteAddress) };
  const reason = hasAmbientCredentials(request) ? findForeignPage(request, options) : undefined;
  return reason === undefined ? admitted : withholdCredentials(admitted, reason);
}

/** The address that the outermost trusted proxy has seen. */
function forwardedAddress(request: HandshakeRequest, hops: number): string | undefined {
  const entry = forwarded(request.headers['x-forwarded-for'], hops) ?? '';
  // Some proxies add the port: 192.0.2.1:4711, [2001:db8::1]:4711.
  const address = /^\[([^\]]+)\]/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
  return isIP(address) === 0 ? undefined : plainAddress(address);
}

/** One spelling of an address on all transports; an IPv4-mapped IPv6 address becomes the IPv4 address. */
function plainAddress(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) !== 6 || !URL.canParse(`http://[${address}]`)) return address;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  return Buffer.from(high.padStart(4, '0') + low.padStart(4, '0'), 'hex').join('.');
}
