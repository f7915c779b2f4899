import { RoomMessages, type RoomMessagesSetup } from './room-messages.js';

/** ms for which messages outlive their room: the last participant may be reconnecting. */
const KEPT_MS = 60_000;
const MAX_KEPT = 1_000;

interface Kept {
  readonly messages: RoomMessages;
  readonly timer: NodeJS.Timeout;
}

/** Keeps the messages of empty rooms for a while. */
export class MessageArchive {
  readonly #setup: RoomMessagesSetup;
  /** Messages of empty rooms, oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(setup: RoomMessagesSetup) {
    this.#setup = setup;
  }

  /** The messages of a room that gets its first session. */
  open(roomId: string): RoomMessages {
    const kept = this.#kept.get(roomId);
    if (!kept) return new RoomMessages(roomId, this.#setup);
    clearTimeout(kept.timer);
    this.#kept.delete(roomId);
    return kept.messages;
  }

  /** The messages of an empty room, as long as they are kept. */
  find(roomId: string): RoomMessages | undefined {
    return this.#kept.get(roomId)?.messages;
  }

  /** The room is empty. */
  keep(roomId: string, messages: RoomMessages): void {
    messages.recipients = undefined;
    messages.flush();
    messages.channel = undefined;
    if (messages.isUntouched) {
      messages.close();
      return;
    }
    const timer = setTimeout(() => this.#drop(roomId), KEPT_MS);
    timer.unref();
    this.#kept.set(roomId, { messages, timer });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#drop(oldest);
    }
  }

  close(): void {
    for (const roomId of this.#kept.keys()) this.#drop(roomId);
  }

  #drop(roomId: string): void {
    const kept = this.#kept.get(roomId);
    clearTimeout(kept?.timer);
    kept?.messages.close();
    this.#kept.delete(roomId);
  }
}
