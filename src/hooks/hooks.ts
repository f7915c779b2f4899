import type { AuthRequest, Principal } from '../access/authentication.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import type { Metadata, Role } from '../protocol/types.js';
import type { ReplyMessage, SignalMessage } from '../session/peer/message-filters.js';
import type { Session } from '../session/session.js';

/**
 * What a hook returns: something, or nothing; at once, or later.
 * @category Hooks
 */
// biome-ignore lint/suspicious/noConfusingVoidType: of a function that returns nothing.
export type HookAnswer<Value> = Value | void | Promise<Value | void>;

/**
 * What the application wants to be asked, or told. Each hook gets one payload, and may be async.
 *
 * Those that are asked refuse by throwing: a `RelayError` reaches the client as it is, of another error it gets a plain
 * sentence, and the log the rest. What they return takes the place of what they were given; nothing leaves it as it is.
 * One that does not answer within `hookTimeoutMs`, fails, or returns what can't be used, is dealt with by `hookFailure`.
 * @category Hooks
 */
export interface Hooks<P extends Principal = Principal> {
  /**
   * A WebSocket, or a request of the REST API, before it is authenticated. May return members that take the place of the
   * request's: `{ token: cookie('session')(request) }`.
   */
  onConnect?(connect: ConnectContext): HookAnswer<Partial<AuthRequest>>;
  /** `authenticate` has said who it is. May return another principal. */
  onAuthenticate?(authentication: AuthenticateContext<P>): HookAnswer<P>;
  /** Before a session joins. May return what it tells the room of itself. */
  onJoin?(join: JoinContext<P>): HookAnswer<{ metadata?: Metadata }>;
  /**
   * A message of a client, on its way to the SFU. May return other params, which are then checked as the client's own
   * would be.
   */
  onSignal?(signal: SignalContext<P>): HookAnswer<SignalMessage['params']>;
  /** A message of the SFU, on its way to the client. May return other params; of a `trickle` false drops it. */
  onReply?(reply: ReplyContext<P>): HookAnswer<ReplyMessage['params'] | false>;
  /** A message of a client to its room. May return other data, which is then checked as the client's own would be. */
  onMessage?(message: MessageContext<P>): unknown;
  /** A session has ended. Nothing waits for it. */
  onLeave?(leave: LeaveContext<P>): HookAnswer<undefined>;
  /** A WebSocket has closed. Nothing waits for it. */
  onClose?(close: CloseContext<P>): HookAnswer<undefined>;
}

/** @category Hooks */
export interface HookContext {
  /** Aborted when nobody waits for the answer any more: hand it on to what the hook itself asks. */
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
   * The session of the same client that this one takes the place of, as after a network switch. It ends when this one is
   * let in.
   */
  readonly replaces: string | undefined;
}

/** @category Hooks */
export type SignalContext<P extends Principal = Principal> = HookContext &
  SignalMessage & { readonly session: Session<P> };

/** @category Hooks */
export type ReplyContext<P extends Principal = Principal> = HookContext &
  ReplyMessage & { readonly session: Session<P> };

/** @category Hooks */
export interface MessageContext<P extends Principal = Principal> extends HookContext {
  readonly session: Session<P>;
  readonly kind: string;
  readonly data: unknown;
  /** The user whom it is for; undefined: the room. */
  readonly to: string | undefined;
  /** The sender's own, where it has brought one: of a gift, which is asked for once however often it is sent. */
  readonly id: string | undefined;
}

/** @category Hooks */
export interface LeaveContext<P extends Principal = Principal> extends HookContext {
  readonly session: Session<P>;
  readonly reason: SessionCloseReason;
}

/** @category Hooks */
export interface CloseContext<P extends Principal = Principal> extends HookContext {
  readonly request: AuthRequest;
  /** Where it was authenticated. */
  readonly principal: P | undefined;
  /** Of the close frame; 1006 where there was none. */
  readonly code: number;
  readonly reason: string;
}

/**
 * What becomes of what a hook was asked for when it fails, hangs, or returns what can't be used: it is refused, or
 * passes as if there were no hook.
 * @category Hooks
 */
export type HookFailure = { readonly [Name in AskedHook]?: 'refuse' | 'pass' };

/**
 * Those whose answer matters.
 * @category Hooks
 */
export type AskedHook = Exclude<keyof Hooks, 'onLeave' | 'onClose'>;
