import type { Principal } from '../access/authentication.js';
import type { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type {
  MessageFilters,
  ReplyMessage,
  ReplyMessageFilter,
  SignalMessage,
  SignalMessageFilter,
} from '../session/peer/message-filters.js';
import type { Session } from '../session/session.js';
import { Cancellation } from '../util/cancellation.js';
import { OrderedQueue } from '../util/ordered-queue.js';
import type { HookRunner } from './hook-runner.js';

/**
 * A session's messages between its client and the SFU, as the application lets them pass. Each direction keeps its order
 * while the application thinks; the one does not wait for the other.
 */
class SessionFilters<P extends Principal> implements MessageFilters, SignalMessageFilter, ReplyMessageFilter {
  readonly #runner: HookRunner<P>;
  readonly #session: Session<P>;
  readonly #signals = new OrderedQueue(LIMITS.maxHeldMessages);
  readonly #replies = new OrderedQueue(LIMITS.maxHeldMessages);
  /** Aborted when the session has ended: nobody waits for an answer any more. */
  readonly #over = new Cancellation();

  constructor(runner: HookRunner<P>, session: Session<P>) {
    this.#runner = runner;
    this.#session = session;
  }

  get signals(): SignalMessageFilter | undefined {
    return this.#runner.has('onSignal') ? this : undefined;
  }

  get replies(): ReplyMessageFilter | undefined {
    return this.#runner.has('onReply') ? this : undefined;
  }

  /**
   * `act` gets what the client's message has become. One of the wrong shape is none of the application's business: the
   * guard refuses it.
   */
  signal<Message extends SignalMessage, Result>(
    { method, params }: Message,
    act: (params: Message['params']) => Result | Promise<Result>,
  ): Result | Promise<Result> {
    if (!isSignal(method, params)) return act(params);
    const isSound = (answer: unknown): answer is Message['params'] => isSignal(method, answer);
    return this.#signals.run(
      () => {
        this.#over.throwIfAborted();
        const message = { session: this.#session, method, params } as { session: Session<P> } & SignalMessage;
        return this.#runner.ask('onSignal', message, isSound, this.#over);
      },
      (answer = params) => act(answer),
    );
  }

  /** `act` gets what the SFU's message has become; a candidate that was dropped goes nowhere. */
  reply<Message extends ReplyMessage, Result>(
    { method, params }: Message,
    act: (params: Message['params']) => Result,
  ): Result | undefined | Promise<Result | undefined> {
    const isSound = (answer: unknown): answer is Message['params'] | false =>
      answer === false ? method === 'trickle' : isSignal(method, answer);
    return this.#replies.run(
      () => {
        this.#over.throwIfAborted();
        const message = { session: this.#session, method, params } as { session: Session<P> } & ReplyMessage;
        return this.#runner.ask('onReply', message, isSound, this.#over);
      },
      (answer = params) => (answer === false ? undefined : act(answer)),
    );
  }

  close(why: () => RelayError): void {
    this.#over.abort(why);
  }
}

/** What makes a session's filters; undefined where the application wants to be asked of none of its messages. */
export function sessionFilters<P extends Principal>(
  runner: HookRunner<P>,
): ((session: Session<P>) => MessageFilters) | undefined {
  if (!runner.has('onSignal') && !runner.has('onReply')) return undefined;
  return (session) => new SessionFilters(runner, session);
}

/** Whether it has the shape that its type promises, and no more than the guard would take: it may wait for its turn. */
function isSignal(method: SignalMessage['method'], params: unknown): boolean {
  if (!isRecord(params)) return false;
  const { target, candidate, subscriptions, type, sdp } = params;
  switch (method) {
    case 'trickle':
      return (
        (target === 0 || target === 1) &&
        isRecord(candidate) &&
        isText(candidate.candidate, LIMITS.maxCandidateLength)
      );
    case 'subscribe':
      return (
        Array.isArray(subscriptions) &&
        subscriptions.length <= LIMITS.maxSubscriptions &&
        subscriptions.every((each) => isText(each?.trackId, LIMITS.maxIdLength))
      );
    default:
      return isText(sdp, LIMITS.maxSdpLength) && type === (method === 'answer' ? 'answer' : 'offer');
  }
}

function isText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.length <= maxLength;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
