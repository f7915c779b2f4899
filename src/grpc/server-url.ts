import { kindOf, misconfigured } from '../util/check-options.js';

/** The maximum length of a Unix socket's path (sun_path, without the final zero byte). */
const MAX_PATH_BYTES = 107;

/**
 * Checks an address: `host:port` or `unix:path`. A scheme is the most common mistake and has an error message of its own.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead
 */
export function checkServerUrl(serverUrl: unknown): string {
  if (typeof serverUrl === 'number')
    throw misconfigured(
      `The SFU's address is the number ${serverUrl}: write "host:port", e.g. "localhost:${serverUrl}".`,
    );
  if (serverUrl !== undefined && serverUrl !== null && typeof serverUrl !== 'string')
    throw misconfigured(
      `The SFU's address must be a string, and is ${kindOf(serverUrl)}: write "host:port", e.g. "localhost:5551".`,
    );
  if (typeof serverUrl !== 'string' || serverUrl.trim() === '')
    throw misconfigured('The SFU\'s address is missing: write "host:port", e.g. "localhost:5551".');
  if (serverUrl.startsWith('unix:')) return checkUnixPath(serverUrl);
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)/i.exec(serverUrl) ?? [];
  if (scheme !== undefined) {
    const better = rest && /:\d+$/.test(rest) ? rest : `${rest || 'localhost'}:5551`;
    throw misconfigured(
      `The SFU is spoken to by gRPC, not ${scheme}: write "${better}" instead of "${serverUrl}".`,
    );
  }
  const port = /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(serverUrl)?.[1];
  if (port === undefined || Number(port) < 1 || Number(port) > 65535)
    throw misconfigured(
      `"${serverUrl}" is not an address: write "host:port", e.g. "localhost:5551" or "[::1]:5551", or "unix:/run/sfu.sock".`,
    );
  return serverUrl;
}

function checkUnixPath(serverUrl: string): string {
  const path = serverUrl.slice('unix:'.length);
  if (path === '' || /^\/\/(?!\/)/.test(path) || path.includes('\0'))
    throw misconfigured(`"${serverUrl}" is not the path of a socket: write "unix:/run/sfu.sock".`);
  if (Buffer.byteLength(path.replace(/^\/\/(?=\/)/, '')) > MAX_PATH_BYTES)
    throw misconfigured(
      `The path of the SFU's socket has more than ${MAX_PATH_BYTES} bytes: use a shorter one.`,
    );
  return serverUrl;
}

/**
 * Checks the `:authority` of requests: `host` or `host:port`.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead.
 */
export function checkAuthority(authority: unknown): string | undefined {
  if (authority === undefined) return undefined;
  if (typeof authority === 'string' && /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(authority))
    return authority;
  throw misconfigured(
    '"sfu.authority" must be the name that a proxy knows the SFU by: write "sfu.example.com".',
  );
}
