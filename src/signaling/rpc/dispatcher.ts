import { setTimeout as sleep } from 'node:timers/promises';
import type { Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import type { Logger } from '../../util/logger.js';
import { ByteBudget, tooMuchWaits } from '../wire/byte-budget.js';
import type { RpcId, RpcMessage, RpcRefusal } from '../wire/json-rpc.js';
import { isCounted } from '../wire/methods.js';
import type { RateLimitGate } from './rate-limit-gate.js';
import type { RpcHandler } from './rpc-handler.js';

/** ms between two looks at what is being executed. */
const LOOK_MS = 5;

/** Sends the responses. */
interface ResponseChannel {
  sendResult(id: RpcId, result: object, method: string): void;
  sendError(id: RpcId | null, error: RelayError, method: string | undefined): void;
}

/** The connection that receives the messages. */
interface DispatcherOwner {
  /** Nothing is received or sent any more. */
  readonly hasEnded: boolean;
  /** Logs a message that has failed, and answers it. */
  refuse(id: RpcId | undefined, method: string, error: unknown): void;
  /** A `join` or `attach` begins, which has a deadline of its own. */
  joining(): void;
  /** A `join`, `attach`, `resume` or `leave` has succeeded or failed, or may be tried again after a time. */
  sessionChanged(method: string, retryAfterMs: number | undefined): void;
}

/** Passes the messages of one client through the rate limiter to its handler, and bounds how many are pending. */
export class Dispatcher<P extends Principal> {
  readonly #owner: DispatcherOwner;
  readonly #channel: ResponseChannel;
  readonly #gate: RateLimitGate | undefined;
  readonly #pending = new ByteBudget();
  /** Messages that are being executed. */
  readonly #open = new Set<{ readonly id: RpcId | undefined; readonly method: string }>();
  #waiting = 0;

  constructor(owner: DispatcherOwner, channel: ResponseChannel, gate: RateLimitGate | undefined) {
    this.#owner = owner;
    this.#channel = channel;
    this.#gate = gate;
  }

  /** Counted messages that wait for the rate limiter. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves when what is being executed has been answered. What takes longer gets this error, whatever becomes of it. */
  async answerAll(timeoutMs: number, late: () => RelayError): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.#open.size > 0 && performance.now() < deadline) await sleep(LOOK_MS);
    for (const { id, method } of this.#open) this.#channel.sendError(id ?? null, late(), method);
    this.#open.clear();
  }

  /** Answers a message that is not valid JSON-RPC. The rate limiter counts it, too. */
  refuse({ id, error, method }: RpcRefusal): void {
    const answer = () => {
      if (!this.#owner.hasEnded) this.#channel.sendError(id, error, method);
    };
    if (!this.#gate) {
      answer();
      return;
    }
    const refused = (reason: unknown) => this.#owner.refuse(id ?? undefined, 'invalid', reason);
    try {
      this.#gate.pass('invalid', answer)?.catch(refused);
    } catch (reason) {
      refused(reason);
    }
  }

  /** @param bytes length of the message's text */
  dispatch(message: RpcMessage, bytes: number, handler: RpcHandler<P>): void {
    if (!this.#pending.hasRoomFor(bytes)) {
      const error = tooMuchWaits();
      this.#owner.refuse(message.id, message.method, error);
      this.#gate?.refused(error);
      return;
    }
    const pending = this.#gate ? this.#pass(this.#gate, message, handler) : this.#execute(message, handler);
    if (pending) this.#pending.track(bytes, pending);
  }

  /** Never rejects. */
  #pass(gate: RateLimitGate, message: RpcMessage, handler: RpcHandler<P>): void | Promise<void> {
    const { id, method } = message;
    // Frees the message, whose size is the client's choice, as soon as it is being executed.
    let next: RpcMessage | undefined = message;
    let waits = false;
    const execute = () => {
      const current = next;
      next = undefined;
      if (waits) this.#waiting -= 1;
      waits = false;
      if (current && !this.#owner.hasEnded) return this.#execute(current, handler);
    };
    try {
      const pending = gate.pass(method, execute);
      if (!pending) return;
      waits = next !== undefined && isCounted(method);
      if (waits) this.#waiting += 1;
      return pending.catch((error) => {
        // The limiter has refused it.
        if (waits) this.#waiting -= 1;
        this.#failed(id, method, error);
      });
    } catch (error) {
      this.#failed(id, method, error);
    }
  }

  /** Executes one message and answers it. A failure affects no other message. Never rejects. */
  #execute({ id, method, params }: RpcMessage, handler: RpcHandler<P>): void | Promise<void> {
    // A resumption has no deadline of its own.
    if (method === 'join' || method === 'attach') this.#owner.joining();
    try {
      const pending = handler.call(method, params, (result) => {
        if (id !== undefined) this.#channel.sendResult(id, result, method);
      });
      if (pending) {
        const request = { id, method };
        this.#open.add(request);
        return pending.then(
          () => {
            this.#open.delete(request);
            this.#settled(method);
          },
          (error) => {
            if (this.#open.delete(request)) this.#failed(id, method, error);
          },
        );
      }
      this.#settled(method);
    } catch (error) {
      this.#failed(id, method, error);
    }
  }

  #settled(method: string, retryAfterMs?: number): void {
    if (method === 'join' || method === 'attach' || method === 'resume' || method === 'leave')
      this.#owner.sessionChanged(method, retryAfterMs);
  }

  #failed(id: RpcId | undefined, method: string, error: unknown): void {
    this.#owner.refuse(id, method, error);
    this.#settled(method, RelayError.from(error).retryAfterMs);
  }
}

/** @returns the error that the client gets */
export function logRefusal(logger: Logger, error: unknown, fields: object): RelayError {
  const failure = RelayError.from(error);
  if (failure.code === 'ERR_RELAY_INTERNAL') logger.error({ err: error, ...fields }, 'A message failed');
  else logger.debug({ err: error, ...fields }, 'A message was refused');
  return failure;
}
