import type { Metadata, Role } from '../protocol/messages.js';
import type { TokenSource } from './token-source.js';

/**
 * Which room to join, and how.
 * @category Client
 */
export interface JoinOptions {
  roomId: string;
  /** What authentication says wins; without either the relay makes one up. */
  userId?: string;
  /** @default publisher where the grants allow it, else subscriber */
  role?: Role;
  /**
   * Receive every track of the room. Otherwise only what `subscribe()` asks for.
   * @default true
   */
  autoSubscribe?: boolean;
  /** What to tell the room of oneself: JSON, of up to 4 KiB. */
  metadata?: Metadata;
}

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
