import { CloseCode } from '../../protocol/close-code.js';
import type { RelayError } from '../../protocol/errors.js';
import { closeReason, type RelaySocket } from './socket.js';

/** ms that a client has to answer the relay's close frame. */
const TIMEOUT_MS = 5_000;

/** The closing handshake that the relay begins (RFC 6455 § 7.1.2). A client that does not answer is cut off. */
export class ClosingHandshake {
  readonly code: number;
  readonly reason: string;
  readonly #socket: RelaySocket;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: RelaySocket, error: Pick<RelayError, 'closeCode' | 'message'> | undefined) {
    this.#socket = socket;
    this.code = error?.closeCode ?? CloseCode.Normal;
    this.reason = closeReason(error?.message ?? 'The session was closed.');
  }

  /** Sends the close frame. */
  begin(): void {
    this.#timer = setTimeout(() => this.#socket.terminate(), TIMEOUT_MS);
    try {
      this.#socket.close(this.code, this.reason);
    } catch {
      this.#socket.terminate();
    }
  }

  /** The socket has closed. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
