import { BEARER_PREFIX, SUBPROTOCOL } from '../protocol/messages.js';
import { readConnectOptions } from './arguments.js';
import { RelayClient } from './client.js';
import { RelayClientError } from './common/errors.js';
import { withTimeout } from './common/with-timeout.js';
import type { ConnectOptions } from './connect-options.js';
import type { ClientSettings, Dial } from './connection/settings.js';
import { tokenSource } from './connection/token-source.js';

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
    return await withTimeout({ timeoutMs, late, cancel }, (resolve, reject) => {
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
