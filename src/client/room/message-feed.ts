import type {
  MessageDeletion,
  MessageReceipt,
  OutgoingMessage,
  RoomMessage,
} from '../../protocol/messages.js';
import type { Emit } from '../common/events.js';
import { isDeletion, isMessage, listOf } from '../common/wire-forms.js';

/** ms in which likes are gathered. */
const LIKE_WINDOW_MS = 250;
/** The relay takes no more in one. */
const MAX_LIKES = 1_000;
/** Longer than any history, so that nothing of it is shown twice. */
const MAX_SEEN = 500;

/**
 * Who it is for, and what it is known by.
 * @category Client
 */
export interface SendOptions {
  /** A user: all its sessions in the room get it, and nobody else. @default everybody in the room, we too */
  to?: string;
  /** What is sent again with the same one is carried out once. @default one of our own */
  id?: string;
}

/** The messages of a room: each is sent once and emitted once, however often the connection breaks. */
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
  const received = (message: RoomMessage | MessageDeletion) => {
    if (isDeletion(message)) return emit('messagedeleted', message);
    if (seen.has(message.id)) return;
    seen.add(message.id);
    const [oldest] = seen;
    if (seen.size > MAX_SEEN) seen.delete(oldest as string);
    emit('message', message);
    const { kind } = message;
    // The relay has made the data of its own kinds.
    if (kind === 'chat' || kind === 'gift' || kind === 'like') emit(kind, message as never);
  };

  return {
    received,

    /** The id makes it safe to send the message again on another connection. */
    send: (kind: string, data: unknown, options: SendOptions): Promise<MessageReceipt> =>
      request({ kind, data, id: idPrefix + ++lastId, ...options }),

    like(count: number): void {
      likes += count;
      likeTimer ??= setTimeout(sendLikes, LIKE_WINDOW_MS);
    },

    /** Emits the messages from before the join as if they came now, except those that were emitted already. */
    replay(messages: unknown): void {
      if (listOf(isMessage)(messages)) (messages as RoomMessage[]).forEach(received);
    },

    /** We have left: after another join all messages are new again. */
    forget(): void {
      seen.clear();
      clearTimeout(likeTimer);
      likeTimer = undefined;
      likes = 0;
    },
  };
}
