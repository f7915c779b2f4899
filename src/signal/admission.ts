import type { AuthRequest, Principal } from '../authentication.js';
import { RelayError } from '../errors.js';
import type { SfuRelay } from '../relay.js';
import { enter } from './entry.js';
import type { RpcMessage } from './jsonrpc.js';
import type { HandshakeRequest } from './socket.js';
import { type Visitor, welcome } from './visitor.js';

interface Setup<P extends Principal> {
  connectionId: string;
  maxQueuedMessages: number;
  /** The application has let the connection come as far as authentication. */
  onEntered(request: AuthRequest): void;
  /** It is known who it is. `asked` by which message, where the handshake had no token; it is the first that waits. */
  onAdmitted(visitor: Visitor<P>, waiting: readonly RpcMessage[], asked: RpcMessage | undefined): void;
  /** `first` is the message to be answered by that. */
  onRefused(error: RelayError, first: RpcMessage | undefined): void;
}

/** The way in of one connection, until it is known who it is. Its messages wait meanwhile. */
export class Admission<P extends Principal> {
  readonly #relay: SfuRelay<P>;
  readonly #setup: Setup<P>;
  readonly #queue: RpcMessage[] = [];
  /** Where the first message is to say who it is. */
  #awaitsMessage = false;
  #request: HandshakeRequest;

  constructor(relay: SfuRelay<P>, request: HandshakeRequest, setup: Setup<P>) {
    this.#relay = relay;
    this.#request = request;
    this.#setup = setup;
    void this.#enter();
  }

  receive(message: RpcMessage): void {
    if (this.#queue.length >= this.#setup.maxQueuedMessages) {
      const error = new RelayError('ERR_RELAY_TOO_MANY', 'Too many messages before authentication.');
      this.#setup.onRefused(error, undefined);
      return;
    }
    this.#queue.push(message);
    if (this.#awaitsMessage) void this.#authenticateBy(message);
  }

  async #enter(): Promise<void> {
    try {
      const request = await enter(this.#relay, this.#request, this.#setup.connectionId);
      this.#request = request;
      this.#setup.onEntered(request);
      const [first] = this.#queue;
      if (request.token !== undefined) await this.#authenticate(request.token);
      else if (first) await this.#authenticateBy(first);
      else this.#awaitsMessage = true;
    } catch (error) {
      this.#setup.onRefused(RelayError.from(error), this.#queue[0]);
    }
  }

  async #authenticateBy(message: RpcMessage): Promise<void> {
    this.#awaitsMessage = false;
    const { method, params } = message;
    const token = method === 'authenticate' && typeof params.token === 'string' ? params.token : undefined;
    const { connectionId } = this.#setup;
    const { remoteAddress } = this.#request;
    const nobody = { userId: undefined, roomId: undefined };
    try {
      if (token !== undefined)
        await this.#relay.rateLimiter?.consume({ method, connectionId, remoteAddress, ...nobody });
      await this.#authenticate(token, message);
    } catch (error) {
      this.#setup.onRefused(RelayError.from(error), message);
    }
  }

  async #authenticate(token: string | undefined, asked?: RpcMessage): Promise<void> {
    const visitor = await welcome(this.#relay, this.#request, token);
    this.#setup.onAdmitted(visitor, this.#queue, asked);
  }
}
