import type { RelayError } from '../../protocol/errors.js';
import type { RelayNotifications } from '../../protocol/messages.js';
import type { SessionSink } from '../../session/events/session-emitter.js';

/** Messages that a client has not received; the connection that takes its session over sends them. */
export type Backlog = readonly (
  | { method: 'offer'; params: RelayNotifications['offer'] }
  | { method: 'trickle'; params: RelayNotifications['trickle'] }
  | { method: 'message'; params: RelayNotifications['message'] }
)[];

/** Sends messages to one client, over its WebSocket or its event stream. */
export interface ClientChannel extends Pick<SessionSink, 'trickle' | 'deliver'> {
  /** The longest message that the client may send. */
  readonly maxMessageBytes: number;
  notify<Method extends keyof RelayNotifications>(method: Method, params: RelayNotifications[Method]): void;
  /** Reports that a notification of the client was refused after the relay had accepted it. */
  notificationRefused(method: string, error: RelayError): void;
}

/** The connection, or the session over HTTP, that serves a client. */
export interface ChannelOwner {
  /** The session has ended; the connection ends with it. Without an error the application has closed the session. */
  end(error: RelayError | undefined): void;
  /** Another connection serves the session from now on. Returns what this client has not received. */
  replaced(): Backlog;
}
