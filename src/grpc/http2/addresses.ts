import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** The address of a socket. `host` is the server's name, for TLS. */
export type Address = { host: string; ip: string; port: number } | { host: string; path: string };

/**
 * The address of a target that needs no look-up: an IP address, or the path of a Unix socket.
 */
export function knownAddress(serverUrl: string): Address | undefined {
  const path = unixPath(serverUrl);
  if (path !== undefined) return { host: 'localhost', path };
  const { host, port } = hostAndPort(serverUrl);
  return isIP(host) ? { host, ip: host, port } : undefined;
}

/** All addresses of a name, alternating between the families, as one of them may be unreachable (RFC 8305 § 4). */
export async function lookUpAddresses(serverUrl: string): Promise<Address[]> {
  const { host, port } = hostAndPort(serverUrl);
  const found = await lookup(host, { all: true });
  const first = found.filter(({ family }) => family === found[0]?.family);
  const second = found.filter(({ family }) => family !== found[0]?.family);
  const inTurn = found.flatMap((_, n) => [first[n], second[n]]);
  return inTurn.flatMap((one) => (one ? [{ host, ip: one.address, port }] : []));
}

/** The path of `unix:path` or `unix:///path`. */
function unixPath(serverUrl: string): string | undefined {
  if (!serverUrl.startsWith('unix:')) return undefined;
  return serverUrl.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
}

function hostAndPort(serverUrl: string): { host: string; port: number } {
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(serverUrl) ?? [];
  return { host, port: Number(port) };
}
