import { RoomMessages, type RoomMessagesSetup } from './room-messages.js';

/** ms that a room's messages outlive the room: its last participant may be coming back on another connection. */
const KEPT_MS = 60_000;
const MAX_KEPT = 1_000;

interface Kept {
  readonly messages: RoomMessages;
  readonly timer: NodeJS.Timeout;
}

/** The messages of a relay's rooms. */
export class MessageArchive {
  readonly #setup: RoomMessagesSetup;
  /** Of rooms that nobody is in; the oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(setup: RoomMessagesSetup) {
    this.#setup = setup;
  }

  /** The messages of a room that somebody enters as the first. */
  open(roomId: string): RoomMessages {
    const kept = this.#kept.get(roomId);
    if (!kept) return new RoomMessages(roomId, this.#setup);
    clearTimeout(kept.timer);
    this.#kept.delete(roomId);
    return kept.messages;
  }

  /** Everybody has left the room. */
  keep(roomId: string, messages: RoomMessages): void {
    messages.audience = undefined;
    messages.flush();
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
