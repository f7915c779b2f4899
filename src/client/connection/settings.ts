import type { TokenSource } from './token-source.js';

export interface ClientSettings {
  connectTimeoutMs: number;
  requestTimeoutMs: number;
  rtcConfiguration: RTCConfiguration;
  statsIntervalMs: number;
  /** Opens another WebSocket like the first one; undefined with `reconnect: false`. */
  dial: Dial | undefined;
  tokens: TokenSource;
  /** The URL without its query. */
  address: string;
  /** Whether a reload of the page takes the session over. */
  resumeAcrossReloads: boolean;
}

/**
 * Opens a WebSocket, and authenticates if the handshake could not contain the token.
 * @param use called synchronously when the socket opens, because its first message may follow in the same turn
 */
export type Dial = <Used extends { authenticate(token: string): Promise<unknown> }>(
  use: (socket: WebSocket) => Used,
  cancel?: AbortSignal,
) => Promise<Used>;
