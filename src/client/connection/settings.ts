import type { TokenSource } from './token-source.js';

export interface ClientSettings {
  requestTimeoutMs: number;
  rtcConfiguration: RTCConfiguration;
  statsIntervalMs: number;
  /** Opens another WebSocket like the first; undefined where the client is not to come back by itself. */
  dial: Dial | undefined;
  tokens: TokenSource;
}

/**
 * @param use is given the socket as it opens, for its first message may follow in the same turn; and the token, where the
 * handshake could not have it
 */
export type Dial = <Used>(
  use: (socket: WebSocket, unsaid: string | undefined) => Promise<Used>,
  cancel?: AbortSignal,
) => Promise<Used>;
