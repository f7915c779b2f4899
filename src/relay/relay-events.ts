import type { Principal } from '../access/authentication.js';
import type { Session } from '../session/session.js';
import type { SfuNodeStatus } from '../sfu/pool/options.js';
import type { RoomMove } from '../sfu/pool/placements.js';

/** @category Relay */
export type RelayEvents<P extends Principal> = {
  /** A session has joined. */
  sessionopen: [session: Session<P>];
  /** A session has ended, joined or not. */
  sessionclose: [session: Session<P>];
  /** An SFU node does not answer. In a cluster, its sessions join again on other nodes. */
  nodedown: [event: { node: SfuNodeStatus }];
  /** An SFU node answers again, after `downMs` ms. */
  nodeup: [event: { node: SfuNodeStatus; downMs: number }];
  /** A node that `relay.drainNode()` empties has fewer rooms or streams, or none (`drained`), or takes rooms again (`cancelled`). */
  drain: [event: { node: SfuNodeStatus; state: 'draining' | 'drained' | 'cancelled' }];
  /** A room has another SFU node, as the last one has failed, or the room moves. Its sessions follow. */
  roommoved: [event: RoomMove];
};
