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
import { isRecord } from '../util/is-record.js';
import { OrderedQueue } from '../util/ordered-queue.js';
import type { HookRunner } from './hook-runner.js';

/**
 * Calls `onSignal` and `onReply` for a session's messages between its client and the SFU. Each direction keeps its order while a
 * hook is pending; the directions do not wait for each other.
 */
class SessionFilters<P extends Principal> implements MessageFilters, SignalMessageFilter, ReplyMessageFilter {
  readonly #runner: HookRunner<P>;
  readonly #session: Session<P>;
  readonly #signals = new OrderedQueue(LIMITS.maxHeldMessages);
  readonly #replies = new OrderedQueue(LIMITS.maxHeldMessages);
  /** Aborted when the session has ended. */
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
   * `act` gets the filtered params. Malformed params are not passed to the hook: the guard refuses them.
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

  /** `act` gets the filtered params; it is not called for a dropped candidate. */
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

/** Makes the filters of a session; undefined where the application has neither `onSignal` nor `onReply`. */
export function sessionFilters<P extends Principal>(
  runner: HookRunner<P>,
): ((session: Session<P>) => MessageFilters) | undefined {
  if (!runner.has('onSignal') && !runner.has('onReply')) return undefined;
  return (session) => new SessionFilters(runner, session);
}

/** Whether params have the shape of their type, within the guard's length limits, as they may wait in a queue. */
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
