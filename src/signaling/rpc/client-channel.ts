import type { Principal } from '../../access/authentication.js';
import type { RelayError } from '../../protocol/errors.js';
import type { JoinResult, RelayNotifications } from '../../protocol/messages.js';
import type { SessionSink } from '../../session/events/session-emitter.js';
import type { Session } from '../../session/session.js';

/** Messages that a client may not have received; the connection that takes its session over sends them. */
export type Backlog = readonly (
  | { method: 'offer'; params: RelayNotifications['offer'] }
  | { method: 'trickle'; params: RelayNotifications['trickle'] }
  | { method: 'message'; params: RelayNotifications['message'] }
)[];

/** What a client says that it has received on the connection that has served its session so far. */
export interface Position {
  /** Counted frames of a WebSocket. */
  readonly received?: number | undefined;
  /** Events of an event stream. */
  readonly lastEventId?: number | undefined;
}

/** What a connection leaves to the next one that serves its session. */
export interface Handover {
  /** What the client has not received. */
  readonly backlog: Backlog;
  /** The number of the client's counted frames; undefined where they are not counted. */
  readonly received?: number | undefined;
}

/** Sends messages to one client, over its WebSocket or its event stream. */
export interface ClientChannel extends Pick<SessionSink, 'trickle' | 'deliver'> {
  /** The longest message that the client may send. */
  readonly maxMessageBytes: number;
  notify<Method extends keyof RelayNotifications>(method: Method, params: RelayNotifications[Method]): void;
  /**
   * Runs `send`, whose messages describe the room as it is. They may exceed what may wait for the client, as one message of their
   * length could.
   */
  describe(send: () => void): void;
  /** Reports that a notification of the client was refused after the relay had accepted it. */
  notificationRefused(method: string, error: RelayError): void;
}

/** The connection, or the session over HTTP, that serves a client. */
export interface ChannelOwner<P extends Principal = Principal> {
  /** How long a session goes on without a connection; undefined where it ends with its connection. */
  readonly resumption: JoinResult['resumption'];
  /** The client can resume this session: what it is sent from now on is kept until it has received it. Undefined: nothing is kept. */
  keep(session: Session<P> | undefined): void;
  /** The client continues a session that it had on another connection. */
  resume(params: Readonly<Record<string, unknown>>, reply: (result: object) => void): Promise<void>;
  /** The session has ended; the connection ends with it. Without an error the application has closed the session. */
  end(error: RelayError | undefined): void;
  /** Another connection serves the session from now on. */
  replaced(session: Session<P>, position: Position): Handover;
}
