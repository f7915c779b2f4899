import { BEARER_PREFIX, SUBPROTOCOL } from '../protocol/messages.js';
import { checkConnect } from './arguments.js';
import { RelayClient } from './client.js';
import { aborted, RelayClientError } from './errors.js';
import type { ClientSettings, Dial } from './options.js';
import { TokenSource } from './token-source.js';

/**
 * How to connect.
 * @category Client
 */
export interface ConnectOptions {
  /** For the application's `authenticate`; sent as the subprotocol entry `bearer.<token>`, else as a first request. */
  token?: string;
  /**
   * Gives a token that is good now: for the first connection (where there is no `token`) and each one after it, and
   * before a token expires, so that the session goes on. One that fails is asked again, and told of by `error`.
   */
  getToken?: () => string | Promise<string>;
  /** Gives up the attempt; of no effect once connected. */
  signal?: AbortSignal;
  /** ms. @default 10_000 */
  connectTimeoutMs?: number;
  /** ms that a request may take. @default 20_000 */
  requestTimeoutMs?: number;
  /** Of both peer connections; the relay's ICE servers are added. */
  rtcConfiguration?: RTCConfiguration;
  /**
   * Whether the client comes back by itself when the connection or the media breaks (docs/CLIENT.md, when things
   * break). @default true
   */
  reconnect?: boolean;
  /** ms between two reports of statistics; 0 for none. @default 2_000 */
  statsIntervalMs?: number;
}

/** What a subprotocol entry may consist of (RFC 6455 § 4.1: a `token` of RFC 9110 § 5.6.2). */
const PROTOCOL_TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

/**
 * Opens the WebSocket to the relay.
 * @param url `ws://` or `wss://`; from a page on https only `wss://`
 * @returns once it is open
 * @throws RelayClientError `ERR_CLIENT_ARGUMENT`, `ERR_CLIENT_CONNECT`, `ERR_CLIENT_ABORTED`, `ERR_CLIENT_TOKEN`, or the relay's refusal of the token
 * @category Client
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<RelayClient> {
  checkConnect(url, options);
  const { token, signal, connectTimeoutMs = 10_000, requestTimeoutMs = 20_000 } = options;
  const { rtcConfiguration = {}, statsIntervalMs = 2_000, reconnect = true } = options;
  const tokens = new TokenSource({ token, getToken: options.getToken, timeoutMs: requestTimeoutMs });
  const dial: Dial = async (use, cancel) => {
    const given = tokens.next(cancel);
    const next = given instanceof Promise ? await given : given;
    const fits = next !== undefined && PROTOCOL_TOKEN.test(next);
    const protocols = [SUBPROTOCOL, ...(fits ? [BEARER_PREFIX + next] : [])];
    return {
      used: await open(String(url), protocols, connectTimeoutMs, use, cancel),
      unsaid: fits ? undefined : next,
    };
  };
  const settings: ClientSettings = {
    tokens,
    requestTimeoutMs,
    rtcConfiguration,
    statsIntervalMs,
    dial: reconnect ? dial : undefined,
  };
  const { used: client, unsaid } = await dial((socket) => new RelayClient(socket, settings), signal);
  try {
    if (unsaid !== undefined) await client.authenticate(unsaid);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

function open<Used>(
  url: string,
  protocols: string[],
  timeoutMs: number,
  use: (socket: WebSocket) => Used,
  signal: AbortSignal | undefined,
): Promise<Used> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal));
    const socket = create(url, protocols);
    const listening = new AbortController();
    const settle = (error?: RelayClientError) => {
      clearTimeout(timer);
      listening.abort();
      if (!error) return resolve(use(socket));
      socket.close();
      reject(error);
    };
    const timer = setTimeout(() => settle(failed(url, `not within ${timeoutMs} ms`)), timeoutMs);
    const once = { signal: listening.signal };
    socket.addEventListener('open', () => settle(), once);
    // The browser tells scripts no more than that.
    socket.addEventListener('close', ({ code }) => settle(failed(url, `closed with ${code}`)), once);
    signal?.addEventListener('abort', () => settle(aborted(signal)), once);
  });
}

function create(url: string, protocols: string[]): WebSocket {
  try {
    return new WebSocket(url, protocols);
  } catch (cause) {
    throw failed(url, String(cause), cause);
  }
}

function failed(url: string, detail: string, cause?: unknown): RelayClientError {
  const message =
    `The WebSocket to ${url.replace(/[?#].*/s, '')} can't be opened (${detail}). Does the relay run there, is its path ` +
    'right, is it wss:// on https?';
  return new RelayClientError('ERR_CLIENT_CONNECT', message, { retryable: cause === undefined, cause });
}
