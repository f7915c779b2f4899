import type { RelayError } from '../../protocol/errors.js';
import type { IceCandidate, SessionDescription, Subscription, Target } from '../../protocol/types.js';

/**
 * A message of a client to the SFU. `join` carries the first offer, before `onJoin` is called; `offer` belongs to the publisher
 * connection, `answer` to the subscriber connection.
 * @category Hooks
 */
export type SignalMessage =
  | { readonly method: 'join' | 'offer' | 'answer'; readonly params: SessionDescription }
  | { readonly method: 'trickle'; readonly params: { target: Target; candidate: IceCandidate } }
  | { readonly method: 'subscribe'; readonly params: { subscriptions: readonly Subscription[] } };

/**
 * A message of the SFU to a client. `answer` belongs to the publisher connection, after a join or a later offer; `offer` to the
 * subscriber connection.
 * @category Hooks
 */
export type ReplyMessage =
  | { readonly method: 'answer' | 'offer'; readonly params: SessionDescription }
  | { readonly method: 'trickle'; readonly params: { target: Target; candidate: IceCandidate } };

/** Passes, changes or refuses a client's messages to the SFU, and keeps their order. */
export interface SignalMessageFilter {
  /**
   * `act` gets the filtered params, synchronously if the filter is synchronous.
   * @throws RelayError the refusal, at once or by the promise
   */
  signal<Message extends SignalMessage, Result>(
    message: Message,
    act: (params: Message['params']) => Result | Promise<Result>,
  ): Result | Promise<Result>;
}

/** Passes, changes or drops the SFU's messages to a client. */
export interface ReplyMessageFilter {
  /** As {@link SignalMessageFilter.signal}; `act` is not called for a dropped candidate. */
  reply<Message extends ReplyMessage, Result>(
    message: Message,
    act: (params: Message['params']) => Result,
  ): Result | undefined | Promise<Result | undefined>;
}

/** The filters between a session's client and the SFU. */
export interface MessageFilters {
  /** Undefined where all messages to the SFU pass. */
  readonly signals: SignalMessageFilter | undefined;
  /** Undefined where all messages from the SFU pass. */
  readonly replies: ReplyMessageFilter | undefined;
  /** The session has ended: pending filters are cancelled. */
  close(why: () => RelayError): void;
}
