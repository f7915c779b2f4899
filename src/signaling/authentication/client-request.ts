import { isIP } from 'node:net';
import { hasAmbientCredentials, withholdCredentials } from '../../access/cookie.js';
import type { ResolvedRequestOptions } from '../options.js';
import type { HandshakeRequest } from '../wire/handshake.js';
import { checkPage, findForeignPage, forwarded } from './page-origin.js';

/**
 * The request as the application may rely on it: the address is the client's, whatever proxies are in between, and the
 * cookies are those of a page that may use them.
 * @throws RelayError `ERR_RELAY_FORBIDDEN`: the page that sent it is not one of those allowed.
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

/** As the outermost of our own proxies saw it. */
function forwardedAddress(request: HandshakeRequest, hops: number): string | undefined {
  const entry = forwarded(request.headers['x-forwarded-for'], hops) ?? '';
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
