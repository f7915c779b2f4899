import type { RelaySocket } from './socket.js';

/** Unanswered pings that are tolerated; the next beat ends the connection. */
const UNANSWERED_PINGS = 2;

/** The connection that is kept alive. */
interface Patient {
  /** At each beat, before the client may be pinged. */
  onBeat(): void;
  /** The client is gone: it answers no ping, or the socket can't send one. */
  onDead(): void;
}

/** Pings a client that has been silent, and says when it is gone. */
export class Heartbeat {
  readonly #socket: RelaySocket;
  readonly #patient: Patient;
  readonly #timer: NodeJS.Timeout;
  /** Beats since the client was last heard. */
  #silence = 0;
  #stopped = false;

  constructor(socket: RelaySocket, intervalMs: number, patient: Patient) {
    this.#socket = socket;
    this.#patient = patient;
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

  /** A client that was heard since the last beat need not be asked whether it is there. */
  #beat(): void {
    this.#patient.onBeat();
    if (this.#stopped) return;
    this.#silence += 1;
    if (this.#silence === 1) return;
    if (this.#silence > 1 + UNANSWERED_PINGS) {
      this.#patient.onDead();
      return;
    }
    try {
      this.#socket.ping();
    } catch {
      this.#patient.onDead();
    }
  }
}
