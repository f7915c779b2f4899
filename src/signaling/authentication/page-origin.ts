import { foreignPage, withheldReason } from '../../access/cookie.js';
import { RelayError } from '../../protocol/errors.js';
import type { Logger } from '../../util/logger.js';
import type { ResolvedRequestOptions } from '../options.js';
import type { HandshakeRequest } from '../wire/handshake.js';

/** ms between two warnings: a foreign page can cause any number of requests. */
const WARNING_INTERVAL_MS = 10_000;

/** @throws RelayError `ERR_RELAY_FORBIDDEN`: `allowedOrigins` does not have the origin of the request's page */
export function checkPage({ headers }: HandshakeRequest, { allowedOrigins }: ResolvedRequestOptions): void {
  const { origin } = headers;
  if (allowedOrigins && origin !== undefined && !allowedOrigins.has(origin))
    throw foreignPage(
      `The page's origin is ${quoteHeader(origin)}, and "allowedOrigins" has ${[...allowedOrigins].map(quoteHeader).join(', ')}.`,
    );
}

/**
 * Detects cross-site requests: browsers add a user's cookies to the requests of every page, so the page of the request
 * need not act for the user. Browsers send `Origin` with each WebSocket and with each request except a GET of the server's
 * own page.
 * @returns the reason; undefined if the page's origin is the server's own or allowed, or the request is not of a page
 */
export function findForeignPage(
  request: HandshakeRequest,
  options: ResolvedRequestOptions,
): string | undefined {
  const { origin, 'sec-fetch-site': site } = request.headers;
  // Pages cannot set Sec-Fetch-Site. It is right even if a proxy has replaced `Host`.
  if (site === 'same-origin') return undefined;
  if (origin === undefined) {
    // Requests of images and links have no Origin.
    if (site === undefined || site === 'none') return undefined;
    return `The request is of a page of another origin (Sec-Fetch-Site: ${quoteHeader(site)}) and has no Origin.`;
  }
  if (options.allowedOrigins) return undefined;
  const own = ownAddress(request, options.trustProxy);
  if (isOrigin(origin, own)) return undefined;
  const server = own.scheme === undefined ? own.host : `${own.scheme}://${own.host}`;
  return (
    `The page's origin is ${quoteHeader(origin)}, the server's host is ${quoteHeader(server)}. ` +
    'If the page may act for its users, name its origin in "allowedOrigins". If a proxy has changed the host, let it ' +
    'send Host as it came, or X-Forwarded-Host together with the option "trustProxy".'
  );
}

interface OwnAddress {
  /** Undefined if a proxy may have terminated TLS. */
  readonly scheme: string | undefined;
  readonly host: string | undefined;
}

/** The origin that the browser has requested. */
function ownAddress({ headers, isEncrypted }: HandshakeRequest, trustProxy: number): OwnAddress {
  if (trustProxy === 0) return { scheme: isEncrypted ? 'https' : undefined, host: headers.host };
  return {
    // Some proxies send "wss" for a WebSocket.
    scheme: forwarded(headers['x-forwarded-proto'], trustProxy)?.toLowerCase().replace('ws', 'http'),
    host: forwarded(headers['x-forwarded-host'], trustProxy) || headers.host,
  };
}

/** The entry of the outermost trusted proxy; entries further left come from the client. */
export function forwarded(list: string | undefined, hops: number): string | undefined {
  if (list === undefined) return undefined;
  const entries = list.split(',').map((entry) => entry.trim());
  return entries.at(-hops) ?? entries[0];
}

function isOrigin(origin: string, { scheme, host }: OwnAddress): boolean {
  // "null", lists and other values that are no origin belong to no server.
  if (host === undefined || !/^[^\s/?#@\\,]+$/.test(host) || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (!/^https?:$/.test(page.protocol) || page.origin !== origin.toLowerCase()) return false;
  if (scheme !== undefined && page.protocol !== `${scheme}:`) return false;
  // A host without a port has the default port of the page's scheme.
  const own = `${page.protocol}//${host}`;
  return URL.canParse(own) && new URL(own).origin === page.origin;
}

const MAX_QUOTED_LENGTH = 200;

function quoteHeader(text: string | undefined): string {
  return JSON.stringify(text?.slice(0, MAX_QUOTED_LENGTH) ?? 'unknown');
}

/** `performance.now()` of each relay's last warning. */
const warnings = new WeakMap<object, number>();

/** Asks the application about a request. Warns the operator if it was refused after its cookies were removed. */
export async function askApplication<Answer>(
  relay: { readonly logger: Logger },
  request: HandshakeRequest,
  ask: () => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    warnOfForeignPage(relay, request, error);
    throw error;
  }
}

function warnOfForeignPage(
  relay: { readonly logger: Logger },
  request: HandshakeRequest,
  error: unknown,
): void {
  const reason = withheldReason(request);
  if (reason === undefined) return;
  const { code } = RelayError.from(error);
  if (code !== 'ERR_RELAY_UNAUTHENTICATED' && code !== 'ERR_RELAY_FORBIDDEN') return;
  const now = performance.now();
  if (now - (warnings.get(relay) ?? Number.NEGATIVE_INFINITY) < WARNING_INTERVAL_MS) return;
  warnings.set(relay, now);
  relay.logger.warn(
    { remoteAddress: request.remoteAddress },
    `A page was refused, as its cookies do not count. ${reason}`,
  );
}
