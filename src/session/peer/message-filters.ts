import type { RelayError } from '../../protocol/errors.js';
import type { IceCandidate, SessionDescription, Subscription, Target } from '../../protocol/types.js';

/**
 * What a client says to the SFU. `join` has its first offer, before `onJoin` is asked; `offer` is of the publisher
 * connection, `answer` of the subscriber's.
 * @category Hooks
 */
export type SignalMessage =
  | { readonly method: 'join' | 'offer' | 'answer'; readonly params: SessionDescription }
  | { readonly method: 'trickle'; readonly params: { target: Target; candidate: IceCandidate } }
  | { readonly method: 'subscribe'; readonly params: { subscriptions: readonly Subscription[] } };

/**
 * What the SFU says to a client. `answer` is of the publisher connection, to its join or a later offer; `offer` of the
 * subscriber's.
 * @category Hooks
 */
export type ReplyMessage =
  | { readonly method: 'answer' | 'offer'; readonly params: SessionDescription }
  | { readonly method: 'trickle'; readonly params: { target: Target; candidate: IceCandidate } };

/** Lets a client's messages to the SFU pass, changes or refuses them. Their order stays. */
export interface SignalMessageFilter {
  /**
   * `act` gets what the message has become; at once where the filter decides at once.
   * @throws RelayError at once or by the promise: it is refused
   */
  signal<Message extends SignalMessage, Result>(
    message: Message,
    act: (params: Message['params']) => Result | Promise<Result>,
  ): Result | Promise<Result>;
}

/** The same for the SFU's messages to a client. */
export interface ReplyMessageFilter {
  /** As {@link SignalMessageFilter.signal}; a candidate that is dropped goes nowhere. */
  reply<Message extends ReplyMessage, Result>(
    message: Message,
    act: (params: Message['params']) => Result,
  ): Result | undefined | Promise<Result | undefined>;
}

/** What stands between a session's client and the SFU. */
export interface MessageFilters {
  /** Undefined where all messages to the SFU pass. */
  readonly signals: SignalMessageFilter | undefined;
  /** Undefined where all messages from the SFU pass. */
  readonly replies: ReplyMessageFilter | undefined;
  /** The session has ended: nobody waits for an answer any more. */
  close(why: () => RelayError): void;
}
