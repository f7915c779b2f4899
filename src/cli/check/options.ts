/** What `check` probes. */
export interface CheckOptions {
  readonly target: Target;
  readonly token: string | undefined;
  /** The audience that the relay expects. */
  readonly audience: string | undefined;
  readonly room: string;
  /** The origin of the page that will connect. */
  readonly origin: string | undefined;
  /** The relay's `/health`; undefined: the usual place is tried. */
  readonly health: URL | undefined;
  /** ms for each answer. */
  readonly timeoutMs: number;
}

/** The WebSocket that clients are to open. */
export interface Target {
  /** `ws:` or `wss:` */
  readonly url: URL;
  /** Without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

export function makeTarget(url: URL): Target {
  const isSecure = url.protocol === 'wss:';
  return {
    url,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    isSecure,
  };
}

/** The same place with another scheme or path, without the query, which may have a token. */
export function urlOf({ url }: Target, changes: { protocol?: string; pathname?: string }): string {
  const other = new URL(url);
  other.search = '';
  return String(Object.assign(other, changes));
}
