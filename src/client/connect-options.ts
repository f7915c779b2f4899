/**
 * Options of {@link connect}.
 * @category Client
 */
export interface ConnectOptions {
  /**
   * The token for the application's `authenticate`. It is sent as the subprotocol entry `bearer.<token>` if its characters allow
   * that, otherwise as the first request.
   */
  token?: string;
  /**
   * Returns a valid token. It is called for the first connection (unless there is a `token`), for each later connection, and
   * before a token expires, so that the session continues. A failure is emitted as `error`, and the call is repeated.
   */
  getToken?: () => string | Promise<string>;
  /** Aborts the attempt to connect. Without effect once connected. */
  signal?: AbortSignal;
  /** Deadline of the WebSocket's opening, in ms. @default 10_000 */
  connectTimeoutMs?: number;
  /** Deadline of a request, in ms. @default 20_000 */
  requestTimeoutMs?: number;
  /** The configuration of both peer connections; the relay's ICE servers are added. */
  rtcConfiguration?: RTCConfiguration;
  /**
   * Whether the client reconnects when the connection or the media breaks (docs/CLIENT.md, Reconnecting). @default true
   */
  reconnect?: boolean;
  /**
   * Whether the page takes the session over after a reload (docs/CLIENT.md, Lost connections): the user stays in the room until
   * then. Otherwise the client leaves the room when the page ends. @default false
   */
  resumeAcrossReloads?: boolean;
  /** ms between two reports of statistics; 0 disables them. @default 2_000 */
  statsIntervalMs?: number;
}
