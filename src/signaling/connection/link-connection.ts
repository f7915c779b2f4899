import type { RelayError } from '../../protocol/errors.js';
import type { SocketChannel } from '../socket/socket-channel.js';

/** Where a client's messages come from. */
export interface LinkOrigin {
  /** Of the connection. */
  readonly id: string;
  readonly remoteAddress: string | undefined;
}

export const NOWHERE: LinkOrigin = { id: '', remoteAddress: undefined };

/** The connection that serves a client at the moment; `Link` is what outlives it. */
export interface LinkConnection<Link> extends LinkOrigin {
  readonly channel: SocketChannel;
  joining(): void;
  sessionChanged(method: string, retryAfterMs: number | undefined): void;
  /** Another link's client continues its session on this connection. */
  adopt(link: Link): void;
  /** The session has ended, and the connection with it. */
  end(error: RelayError | undefined): void;
  /** Ends the connection because of a fault of its client. */
  fail(error: RelayError): void;
}
