import type {
  MessageDeletion,
  MessageReceipt,
  OutgoingMessage,
  RoomMessage,
} from '../../protocol/messages.js';
import type { Emit } from '../common/events.js';
import { isDeletion, isMessage, listOf } from '../common/wire-forms.js';

/** Likes within this time are sent as a sum. */
const LIKE_WINDOW_MS = 250;
/** The relay's maximum in one message. */
const MAX_LIKES = 1_000;
/** More than the messages of any history, so that none is emitted twice. */
const MAX_SEEN = 500;

/**
 * Options of a message.
 * @category Client
 */
export interface SendOptions {
  /** The id of a user: only their sessions in the room receive the message. @default everybody in the room, including the sender */
  to?: string;
  /** The relay processes messages with the same id once. @default a generated id */
  id?: string;
}

/** The messages of a room. Each is processed once and emitted once, even if the connection breaks. */
export function messageFeed(request: (message: OutgoingMessage) => Promise<MessageReceipt>, emit: Emit) {
  const seen = new Set<string>();
  // crypto.randomUUID() is missing from pages without https.
  const idPrefix = `${Math.random()}${Math.random()}-`;
  let lastId = 0;
  let likes = 0;
  let likeTimer: ReturnType<typeof setTimeout> | undefined;

  const sendLikes = () => {
    const count = Math.min(likes, MAX_LIKES);
    likes -= count;
    likeTimer = likes > 0 ? setTimeout(sendLikes, LIKE_WINDOW_MS) : undefined;
    request({ kind: 'like', data: { count } }).catch((error) => emit('error', error));
  };
  const accept = (message: RoomMessage | MessageDeletion) => {
    if (isDeletion(message)) return emit('messagedeleted', message);
    if (seen.has(message.id)) return;
    seen.add(message.id);
    const [oldest] = seen;
    if (seen.size > MAX_SEEN) seen.delete(oldest as string);
    emit('message', message);
    const { kind } = message;
    // The relay has validated the data of these kinds.
    if (kind === 'chat' || kind === 'gift' || kind === 'like') emit(kind, message as never);
  };

  return {
    accept,

    /** The id allows the message to be sent again on another connection. */
    send: (kind: string, data: unknown, options: SendOptions): Promise<MessageReceipt> =>
      request({ kind, data, id: idPrefix + ++lastId, ...options }),

    like(count: number): void {
      likes += count;
      likeTimer ??= setTimeout(sendLikes, LIKE_WINDOW_MS);
    },

    /** Emits the room's history, except messages that were emitted before. */
    replay(messages: unknown): void {
      if (listOf(isMessage)(messages)) (messages as RoomMessage[]).forEach(accept);
    },

    /** The client has left: another join may emit the same messages again. */
    forget(): void {
      seen.clear();
      clearTimeout(likeTimer);
      likeTimer = undefined;
      likes = 0;
    },
  };
}
