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
