/**
 * An error of the client (`ERR_CLIENT_…`) or of the relay (`ERR_RELAY_…`).
 *
 * | code | |
 * |---|---|
 * | `ERR_CLIENT_ARGUMENT` | an argument is wrong; the message says what to write |
 * | `ERR_CLIENT_CONNECT` | the WebSocket can't be opened |
 * | `ERR_CLIENT_ABORTED` | the caller's signal was aborted, or `leave()` was called before the call was done |
 * | `ERR_CLIENT_TOKEN` | `getToken()` failed or returned no token; the message says why, `cause` is its error |
 * | `ERR_CLIENT_TIMEOUT` | the relay did not answer a request in time |
 * | `ERR_CLIENT_CLOSED` | the connection was closed without an error of the relay; `cause` is the {@link CloseInfo} |
 * | `ERR_CLIENT_STATE` | the call is not possible in this state: `publish()` before `join()` |
 * | `ERR_CLIENT_PROTOCOL` | the relay sent a malformed message |
 * | `ERR_CLIENT_NEGOTIATION` | the browser refused a step of the negotiation; `cause` is its error |
 * | `ERR_CLIENT_MEDIA_LOST` | a peer connection has failed permanently, with `reconnect: false`: leave and join again |
 *
 * A refusal of the relay has the relay's code (`ERR_RELAY_…`, docs/PROTOCOL.md), and so has an error with which the relay closes
 * the connection; its `cause` is the {@link CloseInfo}.
 * @category Errors
 */
export class RelayClientError extends Error {
  override readonly name = 'RelayClientError';
  declare readonly code: string;
  /** Whether the same call may succeed later. */
  declare readonly retryable: boolean;
  /** ms to wait before the next attempt, if the relay has sent it: `ERR_RELAY_TOO_MANY`. */
  declare readonly retryAfterMs: number | undefined;
  /** The application's own code, if it refused the request with one. */
  declare readonly appCode: string | undefined;
  /** The id of a stream that is no longer sent: its publication was refused after a reconnect. */
  declare readonly streamId: string | undefined;
  /** The id of a track that is no longer received: its subscription was refused after a reconnect. */
  declare readonly trackId: string | undefined;

  constructor(
    code: string,
    message: string,
    members: {
      retryable?: boolean;
      retryAfterMs?: number | undefined;
      appCode?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, members);
    Object.assign(this, { retryable: false }, members, { code });
  }
}

/** Converts an error of the browser's WebRTC; a RelayClientError is returned as it is. */
export function asClientError(error: unknown, what = 'The negotiation'): RelayClientError {
  if (error instanceof RelayClientError) return error;
  return new RelayClientError('ERR_CLIENT_NEGOTIATION', `${what} failed: ${detailOf(error)}`, {
    cause: error,
  });
}

/** The message of any thrown value. Reading it may throw, too. */
export function detailOf(error: unknown): string {
  try {
    return String((error as Error | undefined)?.message ?? error);
  } catch {
    return 'unreadable';
  }
}

export const notNow = (message: string) => new RelayClientError('ERR_CLIENT_STATE', message);

export const aborted = (signal: AbortSignal | undefined) =>
  new RelayClientError('ERR_CLIENT_ABORTED', 'Aborted.', { cause: signal?.reason });

export const left = () => new RelayClientError('ERR_CLIENT_ABORTED', 'Left.');

export const malformed = (what: string) =>
  new RelayClientError('ERR_CLIENT_PROTOCOL', `The relay sent a malformed ${what}.`);

export const mediaLost = (connection: string) =>
  new RelayClientError('ERR_CLIENT_MEDIA_LOST', `The ${connection} connection is lost.`, {
    retryable: true,
  });
