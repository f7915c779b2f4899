import { BEARER_PREFIX, SUBPROTOCOL } from '../protocol/messages.js';
import { readConnectOptions } from './arguments.js';
import { RelayClient } from './client.js';
import { RelayClientError } from './errors.js';
import { limited } from './limited.js';
import type { ClientSettings, Dial } from './options.js';
import { tokenSource } from './token-source.js';

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
  const read = readConnectOptions(url, options);
  const tokens = tokenSource(read);
  const dial: Dial = async (use, cancel) => {
    const given = tokens.next(cancel);
    const token = given instanceof Promise ? await given : given;
    const fits = token !== undefined && PROTOCOL_TOKEN.test(token);
    const protocols = [SUBPROTOCOL, ...(fits ? [BEARER_PREFIX + token] : [])];
    return open(
      String(url),
      protocols,
      read.connectTimeoutMs,
      (socket) => use(socket, fits ? undefined : token),
      cancel,
    );
  };
  const settings: ClientSettings = { ...read, tokens, dial: read.reconnect ? dial : undefined };
  return dial(async (socket, unsaid) => {
    const client = new RelayClient(socket, settings);
    if (unsaid !== undefined) await client.authenticate(unsaid);
    return client;
  }, options.signal);
}

async function open<Used>(
  url: string,
  protocols: string[],
  timeoutMs: number,
  use: (socket: WebSocket) => Promise<Used>,
  cancel: AbortSignal | undefined,
): Promise<Used> {
  let socket: WebSocket | undefined;
  const failed = (detail: unknown, cause?: unknown) => {
    const message = `The WebSocket to ${url.replace(/[?#].*/s, '')} can't be opened (${detail}): is it up, is its path right, is it wss:// on https?`;
    return new RelayClientError('ERR_CLIENT_CONNECT', message, { retryable: !cause, cause });
  };
  const late = () => failed(`not within ${timeoutMs} ms`);
  try {
    return await limited({ timeoutMs, late, cancel }, (resolve, reject) => {
      try {
        socket = new WebSocket(url, protocols);
      } catch (cause) {
        throw failed(cause, cause);
      }
      const opened = socket;
      opened.addEventListener('open', () => resolve(use(opened)));
      // The browser tells scripts no more than the code.
      opened.addEventListener('close', ({ code }) => reject(failed(`closed with ${code}`)));
    });
  } catch (error) {
    socket?.close();
    throw error;
  }
}
