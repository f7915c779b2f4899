/**
 * A message of a client, as a rate limiter gets to see it.
 * @category Limits
 */
export interface LimitedMessage {
  /** The method: `trickle`, `join`, `message`, …; `connect` for a new connection, or a request over HTTP. */
  readonly method: string;
  /** Of the connection, or of the session over HTTP; unique in this process and beyond. */
  readonly connectionId: string;
  readonly remoteAddress: string | undefined;
  /** Once authentication has said who it is. */
  readonly userId: string | undefined;
  /** Once it has joined one. */
  readonly roomId: string | undefined;
}

/**
 * Decides how much a client may send; `rateLimits()` of `sfu-relay/limits` is one.
 * @category Limits
 */
export interface RateLimiter {
  /**
   * Called before a message is carried out. Throws, or rejects with, a `RelayError` `ERR_RELAY_TOO_MANY` that has
   * `retryAfterMs` where it is one too many. While it is pending the connection's later messages wait in their order.
   * Another error lets the message pass: a store that is down stops nobody.
   */
  consume(message: LimitedMessage): void | Promise<void>;
}
