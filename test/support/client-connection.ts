import type { ClientSocket, Closed } from '../contract/client-socket.js';
import { FrameCounts } from './frame-counts.js';

export interface WireMessage {
  id?: string | number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: {
    message: string;
    data: { code: string; retryable: boolean; method?: string; closeCode?: number };
  };
}

/** One WebSocket of a client. */
export class ClientConnection {
  /** Everything that has come, counted or not. */
  readonly heard: WireMessage[] = [];
  readonly socket: ClientSocket;
  /** Those of its session, once it serves one. */
  counts = new FrameCounts();
  closed: Closed | undefined;
  /** Its client has vanished: what still comes is lost. */
  isDead = false;

  constructor(socket: ClientSocket) {
    this.socket = socket;
    void socket.closed.then((closed) => {
      this.closed = closed;
    });
  }

  /** Resolves with the close code. */
  async ended(): Promise<number> {
    return (await this.socket.closed).code;
  }
}
