import type { Metadata, Role } from '../../protocol/messages.js';

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
