import { checkDraft } from '../messages/draft.js';
import type { MessageSender, ModerateMessage } from '../messages/room-messages.js';
import { invalidState, RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { MessageReceipt, OutgoingMessage } from '../protocol/types.js';
import type { Room } from '../room/room.js';
import { OrderedQueue } from '../util/ordered-queue.js';
import type { SessionLifecycle } from './session-lifecycle.js';
import type { SessionPermissions } from './session-permissions.js';

interface SendingSession {
  readonly id: string;
  readonly room: Room;
  readonly userId: string;
  readonly permissions: SessionPermissions;
  readonly lifecycle: SessionLifecycle;
}

/** A session as the sender of messages to its room. */
export class SessionSender implements MessageSender {
  readonly sessionId: string;
  readonly userId: string;
  readonly moderate: ModerateMessage | undefined;
  readonly queue = new OrderedQueue(LIMITS.maxWaitingMessages);
  readonly #room: Room;
  readonly #permissions: SessionPermissions;
  readonly #lifecycle: SessionLifecycle;

  constructor(session: SendingSession, moderate: ModerateMessage | undefined) {
    const { id, room, userId, permissions, lifecycle } = session;
    this.sessionId = id;
    this.#room = room;
    this.userId = userId;
    this.moderate = moderate;
    this.#permissions = permissions;
    this.#lifecycle = lifecycle;
  }

  /** @throws RelayError as `session.send()` */
  send(message: OutgoingMessage): MessageReceipt | Promise<MessageReceipt> {
    this.check();
    // Unknown members are refused only where the application passes no object: clients may send more than this version knows.
    if (typeof message !== 'object') checkDraft('session.send', message);
    return this.#room.messages.send(message, this);
  }

  /**
   * Messages of a client that left or lost its connection are still sent; those of a client that was removed are not.
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_STATE`
   */
  check(): void {
    if (this.#permissions.current.canPublishData === false)
      throw new RelayError('ERR_RELAY_FORBIDDEN', 'You may not send messages in this room.');
    const { reason } = this.#lifecycle;
    if (reason && reason.by !== 'client' && reason.by !== 'sfu') throw invalidState('The session has ended.');
  }
}
