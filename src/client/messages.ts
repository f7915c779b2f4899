import type { MessageDeletion, MessageReceipt, OutgoingMessage, RoomMessage } from '../protocol/messages.js';
import type { Emit } from './events.js';
import { isDeletion, isListOf, isMessage } from './wire.js';

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

/** The room's messages: each is sent once, and told once, however often the connection breaks. */
export class Messages {
  readonly #request: (message: OutgoingMessage) => Promise<MessageReceipt>;
  readonly #emit: Emit;
  readonly #seen = new Set<string>();
  // crypto.randomUUID() is not there in pages without https.
  readonly #idPrefix = `${randomText()}${randomText()}-`;
  #lastId = 0;
  #likes = 0;
  #likeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(request: (message: OutgoingMessage) => Promise<MessageReceipt>, emit: Emit) {
    this.#request = request;
    this.#emit = emit;
  }

  send(kind: string, data: unknown, { to, id }: SendOptions = {}): Promise<MessageReceipt> {
    // JSON leaves out what is undefined. The id is what makes it safe to send it again on another connection.
    const known = { to, id: id ?? this.#idPrefix + ++this.#lastId } as { to: string; id: string };
    return this.#request({ kind, data, ...known });
  }

  like(count: number): void {
    this.#likes += count;
    this.#likeTimer ??= setTimeout(() => this.#sendLikes(), LIKE_WINDOW_MS);
  }

  /** What the room was told before: emitted as if it came now, but for what was told already. */
  joined(messages: unknown): void {
    if (isListOf(messages, isMessage)) for (const message of messages) this.received(message);
  }

  /** False where it makes no sense. */
  received(params: unknown): boolean {
    if (isDeletion(params)) this.#emit('messagedeleted', params satisfies MessageDeletion);
    else if (isMessage(params)) this.#tell(params);
    else return false;
    return true;
  }

  /** The stay in the room is over: whoever joins again is told again. */
  forget(): void {
    this.#seen.clear();
    clearTimeout(this.#likeTimer);
    this.#likeTimer = undefined;
    this.#likes = 0;
  }

  #tell(message: RoomMessage): void {
    if (this.#seen.has(message.id)) return;
    this.#seen.add(message.id);
    const [oldest = ''] = this.#seen;
    if (this.#seen.size > MAX_SEEN) this.#seen.delete(oldest);
    this.#emit('message', message);
    const { kind } = message;
    // Their data are as the relay's own kinds have made them.
    if (kind === 'chat' || kind === 'gift' || kind === 'like') this.#emit(kind, message as never);
  }

  #sendLikes(): void {
    const count = Math.min(this.#likes, MAX_LIKES);
    this.#likes -= count;
    this.#likeTimer = this.#likes > 0 ? setTimeout(() => this.#sendLikes(), LIKE_WINDOW_MS) : undefined;
    this.#request({ kind: 'like', data: { count } }).catch((error) => this.#emit('error', error));
  }
}

/** Some 50 random bits. */
function randomText(): string {
  return Math.random().toString(36).slice(2);
}
