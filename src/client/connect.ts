import { BEARER_PREFIX, SUBPROTOCOL } from '../protocol/messages.js';
import { readConnectOptions } from './arguments.js';
import { RelayClient } from './client.js';
import { detailOf, RelayClientError } from './common/errors.js';
import { withTimeout } from './common/with-timeout.js';
import type { ConnectOptions } from './connect-options.js';
import { reach } from './connection/reachability.js';
import type { ClientSettings, Dial } from './connection/settings.js';
import { tokenSource } from './connection/token-source.js';

/** The characters of a bearer token (RFC 6750 § 2.1) that a subprotocol entry may have (RFC 9110 § 5.6.2). */
const PROTOCOL_TOKEN = /^[\w.~+-]+$/;

/**
 * Opens the WebSocket to the relay.
 * @param url `ws://` or `wss://`; a page on https needs `wss://`
 * @returns when the WebSocket is open
 * @throws RelayClientError `ERR_CLIENT_ARGUMENT`, `ERR_CLIENT_CONNECT`, `ERR_CLIENT_ABORTED`, `ERR_CLIENT_TOKEN`, or the relay's refusal of the token
 * @category Client
 */
export async function connect(url: string | URL, options: ConnectOptions = {}): Promise<RelayClient> {
  const read = readConnectOptions(url, options);
  const tokens = tokenSource(read);
  const address = String(url).replace(/[?#].*/s, '');
  let failures = 0;
  const dial: Dial = async (use, cancel) => {
    const given = tokens.next(cancel);
    const token = given instanceof Promise ? await given : given;
    const fits = token !== undefined && PROTOCOL_TOKEN.test(token);
    const protocols = [SUBPROTOCOL, ...(fits ? [BEARER_PREFIX + token] : [])];
    const begin = async (opened: WebSocket) => {
      const used = use(opened);
      if (token !== undefined && !fits) await used.authenticate(token);
      return used;
    };
    let socket: WebSocket | undefined;
    let isTried = false;
    try {
      const reached = reach(address, failures, read.connectTimeoutMs, cancel);
      if (reached) await reached;
      isTried = true;
      return await withTimeout(read.connectTimeoutMs, cancel, (resolve, reject) => {
        const opening = new WebSocket(url, protocols);
        socket = opening;
        opening.addEventListener('open', () => {
          failures = 0;
          resolve(begin(opening));
        });
        // Browsers give scripts only the code.
        opening.addEventListener('close', ({ code }) => reject(new Error(`code ${code}`)));
      });
    } catch (cause) {
      failures += 1;
      socket?.close();
      if (cause instanceof RelayClientError) throw cause;
      const message = `Can't open ${address} (${detailOf(cause)}): is its path right, wss:// on https?`;
      // Another attempt may succeed, unless the browser has refused the address.
      throw new RelayClientError('ERR_CLIENT_CONNECT', message, { retryable: !isTried || !!socket, cause });
    }
  };
  const settings: ClientSettings = {
    ...read,
    tokens,
    address,
    dial: read.reconnect ? dial : undefined,
  };
  return dial((socket) => new RelayClient(socket, settings), options.signal);
}
