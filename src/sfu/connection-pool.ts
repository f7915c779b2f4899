import type { CancelSignal } from '../cancellation.js';
import { closing, RelayError } from '../errors.js';
import type { ConnectionSetup, GrpcConnection } from './grpc/client.js';
import { GrpcJsConnection } from './grpc/grpc-js/connection.js';
import { Http2Connection } from './grpc/http2/connection.js';
import type { ResolvedSfuOptions } from './options.js';

/** Connections in a row that may take no stream although they were just made. */
const MAX_USELESS_CONNECTIONS = 4;

interface Setup {
  /** A connection was lost, and streams with it. */
  onLost(): void;
  /** No connection could be made. */
  onFailed(error: unknown): void;
}

/** The connections to one SFU, and how many streams each of them has. */
export class ConnectionPool {
  readonly #options: ResolvedSfuOptions;
  readonly #setup: Setup;
  /** All that are open or opening, also those that take no further stream. */
  readonly #connections = new Set<GrpcConnection>();
  #closed = false;

  constructor(options: ResolvedSfuOptions, setup: Setup) {
    this.#options = options;
    this.#setup = setup;
  }

  get streamCount(): number {
    let count = 0;
    for (const connection of this.#connections) count += connection.streams;
    return count;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** A connection that stands, with a place for one stream on it. */
  async reserve(signal: CancelSignal): Promise<GrpcConnection> {
    if (this.#closed) throw closing();
    for (let useless = 0; ; ) {
      const connection = this.#connectionWithRoom();
      connection.streams += 1;
      try {
        await connection.ready(signal);
        if (this.#closed) throw closing();
        if (!connection.isLeaving && connection.streams <= connection.maxStreams) return connection;
        if (connection.maxStreams === 0) throw unusable('its server takes no calls on a connection');
        // A GOAWAY may come in one packet with the first SETTINGS.
        if (connection.isLeaving && ++useless === MAX_USELESS_CONNECTIONS)
          throw unusable('its server leaves every new connection at once (GOAWAY): does it shut down?');
      } catch (error) {
        this.release(connection);
        this.#setup.onFailed(error);
        throw error;
      }
      // The server takes fewer calls on it than were counted on before it said so.
      this.release(connection);
    }
  }

  /** Gives a place back. One empty sound connection is kept, so that the next session need not connect. */
  release(connection: GrpcConnection): void {
    connection.streams -= 1;
    if (connection.streams === 0 && (connection.suspect || this.#hasAnother(connection))) connection.close();
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
  }

  #hasAnother(than: GrpcConnection): boolean {
    for (const connection of this.#connections) {
      if (connection !== than && !connection.isLeaving) return true;
    }
    return false;
  }

  #connectionWithRoom(): GrpcConnection {
    for (const connection of this.#connections) {
      const most = Math.min(this.#options.maxStreamsPerChannel, connection.maxStreams);
      if (!connection.isLeaving && !connection.suspect && connection.streams < most) return connection;
    }
    const { client, serverUrl, tls, connectTimeoutMs, keepaliveTimeMs, pingTimeoutMs } = this.#options;
    const setup: ConnectionSetup = {
      ...{ serverUrl, method: '/rtc.RTC/Signal', tls, connectTimeoutMs, keepaliveTimeMs, pingTimeoutMs },
      onClosed: (connection, cutCalls) => {
        this.#connections.delete(connection);
        if (cutCalls) this.#setup.onLost();
      },
    };
    const connection = client === 'grpc-js' ? new GrpcJsConnection(setup) : new Http2Connection(setup);
    this.#connections.add(connection);
    return connection;
  }
}

function unusable(reason: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached.", {
    cause: new Error(reason),
  });
}
