import type { AuthRequest, Principal } from '../access/authentication.js';
import type { MessageData, MessageKinds } from '../messages/message-kind.js';
import type { RelayError } from '../protocol/errors.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import type { Metadata, Role } from '../protocol/types.js';
import type { ReplyMessage, SignalMessage } from '../session/peer/message-filters.js';
import type { Session } from '../session/session.js';

/**
 * The result of a hook: a value or nothing, or a promise of it.
 * @category Hooks
 */
// biome-ignore lint/suspicious/noConfusingVoidType: of a function that returns nothing.
export type HookAnswer<Value> = Value | void | Promise<Value | void>;

/**
 * Functions that the relay calls at each step. Each receives one payload, and may be async.
 *
 * A hook refuses by throwing: the client receives a `RelayError` unchanged, and a generic sentence for any other error, which
 * is logged. A returned value replaces the hook's input; without one the input stays. `hookFailure` decides what happens when a
 * hook misses `hookTimeoutMs`, fails, or returns an unusable value. `onInterrupted`, `onResumed`,
 * `onMoved`, `onLeave` and `onClose` are notified only.
 * @category Hooks
 */
export interface Hooks<P extends Principal = Principal, Kinds extends MessageKinds = MessageKinds> {
  /**
   * A WebSocket or a request of the REST API, before authentication. May return members that replace those of the request:
   * `{ token: cookie('session')(request) }`.
   */
  onConnect?(connect: ConnectContext): HookAnswer<Partial<AuthRequest>>;
  /** After `authenticate` has returned a principal. May return another one. */
  onAuthenticate?(authentication: AuthenticateContext<P>): HookAnswer<P>;
  /** Before a session joins. May return other metadata of the participant. */
  onJoin?(join: JoinContext<P>): HookAnswer<{ metadata?: Metadata }>;
  /**
   * A message of a client to the SFU. May return other params, which are checked like those of the client.
   */
  onSignal?(signal: SignalContext<P>): HookAnswer<SignalMessage['params']>;
  /** A message of the SFU to a client. May return other params; false drops a `trickle`. */
  onReply?(reply: ReplyContext<P>): HookAnswer<ReplyMessage['params'] | false>;
  /** A message of a client to its room. May return other data, which is checked like that of the client. */
  onMessage?(message: MessageContext<P, Kinds>): unknown;
  /**
   * The SFU has lost a session's peer (`cause: 'sfu'`): its media has stopped, and its client is asked to join the SFU with another
   * peer. Or the client has lost its connection to the relay (`cause: 'connection'`): its media may go on, and it may resume the session.
   * The session stays in the room. The relay does not wait for the hook.
   */
  onInterrupted?(interruption: InterruptedContext<P>): HookAnswer<undefined>;
  /** An interrupted session has another peer, or its client another connection. The relay does not wait for the hook. */
  onResumed?(resumption: ResumedContext<P>): HookAnswer<undefined>;
  /** A session has a peer on another SFU node, as its room moves (`relay.moveRoom()`). The relay does not wait for the hook. */
  onMoved?(move: MovedContext<P>): HookAnswer<undefined>;
  /** A session has ended. The relay does not wait for the hook. */
  onLeave?(leave: LeaveContext<P>): HookAnswer<undefined>;
  /** A WebSocket has closed. The relay does not wait for the hook. */
  onClose?(close: CloseContext<P>): HookAnswer<undefined>;
}

/** @category Hooks */
export interface HookContext {
  /** Aborted when the result is not needed any more: pass it to `fetch` and the like. */
  readonly signal: AbortSignal;
}

/** @category Hooks */
export interface ConnectContext extends HookContext {
  readonly request: AuthRequest;
}

/** @category Hooks */
export interface AuthenticateContext<P extends Principal = Principal> extends HookContext {
  readonly request: AuthRequest;
  readonly principal: P;
}

/** @category Hooks */
export interface JoinContext<P extends Principal = Principal> extends HookContext {
  readonly sessionId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly role: Role;
  readonly metadata: Metadata | undefined;
  readonly principal: P | undefined;
  /**
   * The id of the session of the same client that this one replaces, for example after a network switch. It ends when this one
   * may join.
   */
  readonly replaces: string | undefined;
}

/** @category Hooks */
export type SignalContext<P extends Principal = Principal> = HookContext &
  SignalMessage & { readonly session: Session<P> };

/** @category Hooks */
export type ReplyContext<P extends Principal = Principal> = HookContext &
  ReplyMessage & { readonly session: Session<P> };

/**
 * `kind` selects the type of `data`: the output of the schema that the option `messages` declares for it.
 * @category Hooks
 */
export type MessageContext<
  P extends Principal = Principal,
  Kinds extends MessageKinds = MessageKinds,
> = HookContext & {
  readonly session: Session<P>;
  /** The receiving user; undefined: the whole room. */
  readonly to: string | undefined;
  /** Chosen by the sender, such as that of a gift: a message that is sent again with the same id is not passed to the hook. */
  readonly id: string | undefined;
} & {
    [Kind in keyof Kinds & string]: { readonly kind: Kind; readonly data: MessageData<Kinds[Kind]> };
  }[keyof Kinds & string];

/** @category Hooks */
export interface InterruptedContext<P extends Principal = Principal> extends HookContext {
  readonly session: Session<P>;
  /** Whether the SFU has lost the session's peer, or the client its connection to the relay. */
  readonly cause: 'sfu' | 'connection';
  /**
   * Why. Of the connection: `ERR_RELAY_ABORTED` if it broke, `ERR_RELAY_SLOW_CONSUMER` or `ERR_RELAY_TOO_LARGE` if the relay has
   * closed it.
   */
  readonly error: RelayError;
}

/** @category Hooks */
export interface ResumedContext<P extends Principal = Principal> extends HookContext {
  readonly session: Session<P>;
  /** Whether the session has another peer, or its client another connection. */
  readonly cause: 'sfu' | 'connection';
  /** ms that the session was without it. */
  readonly interruptedMs: number;
}

/** @category Hooks */
export interface MovedContext<P extends Principal = Principal> extends HookContext {
  readonly session: Session<P>;
  /** The address of the node that the room leaves. */
  readonly from: string;
  /** The address of the node that the session is on. */
  readonly to: string;
}

/** @category Hooks */
export interface LeaveContext<P extends Principal = Principal> extends HookContext {
  readonly session: Session<P>;
  readonly reason: SessionCloseReason;
}

/** @category Hooks */
export interface CloseContext<P extends Principal = Principal> extends HookContext {
  readonly request: AuthRequest;
  /** Undefined where the client was not authenticated. */
  readonly principal: P | undefined;
  /** The code of the close frame; 1006 without one. */
  readonly code: number;
  readonly reason: string;
}

/**
 * Whether a message is refused, or passes as if there were no hook, when the hook fails, misses its deadline or returns an
 * unusable value.
 * @category Hooks
 */
export type HookFailure = { readonly [Name in AskedHook]?: 'refuse' | 'pass' };

/**
 * Hooks whose result matters.
 * @category Hooks
 */
export type AskedHook = Exclude<
  keyof Hooks,
  'onInterrupted' | 'onResumed' | 'onMoved' | 'onLeave' | 'onClose'
>;
