import type { RelaySocket } from '../socket/socket.js';

/** Unanswered pings that are tolerated; the next beat ends the connection. */
const UNANSWERED_PINGS = 2;

/** The connection that is kept alive. */
interface HeartbeatOwner {
  /** Called at each beat, before the client is pinged. */
  onBeat(): void;
  /** Ends the connection: the client does not answer, or the socket cannot send a ping. */
  terminate(): void;
}

/** Pings a client that is silent, and ends its connection if it does not answer. */
export class Heartbeat {
  readonly #socket: RelaySocket;
  readonly #owner: HeartbeatOwner;
  readonly #timer: NodeJS.Timeout;
  /** Beats since the last message of the client. */
  #silence = 0;
  #stopped = false;

  constructor(socket: RelaySocket, intervalMs: number, owner: HeartbeatOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#timer = setInterval(() => this.#beat(), intervalMs);
  }

  /** The client has sent something. */
  heard(): void {
    this.#silence = 0;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** The first beat after a message sends no ping: the message proves that the client is there. */
  #beat(): void {
    this.#owner.onBeat();
    if (this.#stopped) return;
    this.#silence += 1;
    if (this.#silence === 1) return;
    if (this.#silence > 1 + UNANSWERED_PINGS) {
      this.#owner.terminate();
      return;
    }
    try {
      this.#socket.ping();
    } catch {
      this.#owner.terminate();
    }
  }
}
