/**
 * What went wrong, on this side (`ERR_CLIENT_…`):
 *
 * | code | |
 * |---|---|
 * | `ERR_CLIENT_ARGUMENT` | an argument is wrong: the message says what to write |
 * | `ERR_CLIENT_CONNECT` | the WebSocket can't be opened |
 * | `ERR_CLIENT_ABORTED` | the caller's signal was aborted, or `leave()` overtook the call |
 * | `ERR_CLIENT_TOKEN` | `getToken()` failed, or gave no token; the message says why, `cause` is its error |
 * | `ERR_CLIENT_TIMEOUT` | the relay did not answer a request in time |
 * | `ERR_CLIENT_CLOSED` | the connection is closed, and not by an error of the relay; `cause` is the {@link CloseInfo} |
 * | `ERR_CLIENT_STATE` | not now: e.g. `publish()` before `join()` |
 * | `ERR_CLIENT_PROTOCOL` | the relay said something that makes no sense |
 * | `ERR_CLIENT_NEGOTIATION` | the browser refused a step of the negotiation; `cause` is its error |
 * | `ERR_CLIENT_MEDIA_LOST` | a peer connection has failed for good; said only with `reconnect: false`: leave and join again |
 *
 * A refusal of the relay keeps the relay's own code (`ERR_RELAY_…`, docs/PROTOCOL.md). So does an error by which the relay
 * closes the connection; `cause` is the {@link CloseInfo} then.
 * @category Errors
 */
export class RelayClientError extends Error {
  override readonly name = 'RelayClientError';
  declare readonly code: string;
  /** Whether the same may succeed later. */
  declare readonly retryable: boolean;
  /** ms after which the same may succeed, where the relay says so: `ERR_RELAY_TOO_MANY`. */
  declare readonly retryAfterMs: number | undefined;
  /** The application's own code, where it has refused the request by one. */
  declare readonly appCode: string | undefined;
  /** A stream that is not sent any more: when the client came back, its publication was refused. */
  declare readonly streamId: string | undefined;
  /** A track that is not received any more: when the client came back, its subscription was refused. */
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

/** An error of the browser's WebRTC, as one of ours; those stay what they are. */
export function asClientError(error: unknown, what = 'The negotiation'): RelayClientError {
  if (error instanceof RelayClientError) return error;
  return new RelayClientError('ERR_CLIENT_NEGOTIATION', `${what} failed: ${detailOf(error)}`, {
    cause: error,
  });
}

/** What anything thrown says of itself; an application may throw what can't even be read. */
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
