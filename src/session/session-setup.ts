import type { Principal } from '../access/authentication.js';
import type { ModerateMessage } from '../messages/room-messages.js';
import type { Grants, Role } from '../protocol/types.js';
import type { MessageFilters } from './peer/message-filters.js';
import type { PeerSetup } from './peer/peer-owner.js';
import type { ConnectionObserver } from './session-presence.js';

/** What the relay makes a session of. */
export interface SessionSetup<P extends Principal, Session> extends PeerSetup {
  role: Role;
  grants: Grants;
  principal: P | undefined;
  /** Makes the filters between the client and the SFU; undefined where all messages pass. */
  filters: ((session: Session) => MessageFilters) | undefined;
  /** Whether the application chose the user id, not the client. */
  isNamed: boolean;
  /** Asks the application about a message to the room. */
  moderate: ModerateMessage | undefined;
  connections: ConnectionObserver;
}
