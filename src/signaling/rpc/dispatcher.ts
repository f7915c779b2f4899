import type { Principal } from '../../access/authentication.js';
import type { RelayError } from '../../protocol/errors.js';
import { ByteBudget, tooMuchWaits } from '../wire/byte-budget.js';
import type { RpcId, RpcMessage, RpcRefusal } from '../wire/json-rpc.js';
import type { RateLimitGate } from './rate-limit-gate.js';
import type { RpcHandler } from './rpc-handler.js';

/** The connection whose messages are carried out. */
interface Peer {
  /** Nothing is read or sent any more. */
  readonly hasEnded: boolean;
  sendResult(id: RpcId, result: object, method: string): void;
  refuse(id: RpcId | undefined, method: string, error: unknown): void;
  sendError(id: RpcId | null, error: RelayError, method: string | undefined): void;
  /** A `join` or `attach` begins. */
  joining(): void;
  /** A `join`, an `attach` or a `leave` has been carried out, or has failed. */
  sessionChanged(method: string): void;
}

/** Carries out the messages of one client: past the rate limiter, and no more at a time than may wait. */
export class Dispatcher<P extends Principal> {
  readonly #peer: Peer;
  readonly #gate: RateLimitGate | undefined;
  readonly #waiting = new ByteBudget();

  constructor(peer: Peer, gate: RateLimitGate | undefined) {
    this.#peer = peer;
    this.#gate = gate;
  }

  /** A message that can't be read. It is answered; the rate limiter counts it. */
  refuse({ id, error, method }: RpcRefusal): void {
    const peer = this.#peer;
    const answer = () => {
      if (!peer.hasEnded) peer.sendError(id, error, method);
    };
    if (!this.#gate) {
      answer();
      return;
    }
    const refused = (reason: unknown) => peer.refuse(id ?? undefined, 'invalid', reason);
    try {
      this.#gate.pass('invalid', answer)?.catch(refused);
    } catch (reason) {
      refused(reason);
    }
  }

  /** `bytes`: of its text. */
  dispatch(message: RpcMessage, bytes: number, handler: RpcHandler<P>): void {
    if (!this.#waiting.hasRoomFor(bytes)) {
      const error = tooMuchWaits();
      this.#peer.refuse(message.id, message.method, error);
      this.#gate?.refused(error);
      return;
    }
    const pending = this.#gate ? this.#pass(this.#gate, message, handler) : this.#carryOut(message, handler);
    if (pending) this.#waiting.track(bytes, pending);
  }

  /** Never rejects. */
  #pass(gate: RateLimitGate, message: RpcMessage, handler: RpcHandler<P>): void | Promise<void> {
    const { id, method } = message;
    // What the client has sent besides is not kept while the message is carried out.
    let next: RpcMessage | undefined = message;
    const act = () => {
      const current = next;
      next = undefined;
      if (current && !this.#peer.hasEnded) return this.#carryOut(current, handler);
    };
    const refused = (error: unknown) => this.#peer.refuse(id, method, error);
    try {
      return gate.pass(method, act)?.catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  /** One message, start to end; what goes wrong is answered, and harms no other. Never rejects. */
  #carryOut(message: RpcMessage, handler: RpcHandler<P>): void | Promise<void> {
    const { id, method, params } = message;
    const joins = method === 'join' || method === 'attach';
    const changes = joins || method === 'leave';
    if (joins) this.#peer.joining();
    const failed = (error: unknown) => {
      this.#peer.refuse(id, method, error);
      if (changes) this.#peer.sessionChanged(method);
    };
    const done = changes ? () => this.#peer.sessionChanged(method) : undefined;
    try {
      const pending = handler.call(method, params, (result) => {
        if (id !== undefined) this.#peer.sendResult(id, result, method);
      });
      if (pending) return pending.then(done, failed);
      done?.();
    } catch (error) {
      failed(error);
    }
  }
}
