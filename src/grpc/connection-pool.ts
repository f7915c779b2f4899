import { closing, RelayError } from '../protocol/errors.js';
import type { CancelSignal } from '../util/cancellation.js';
import type { ConnectionTarget } from './failed-connection.js';
import type { ConnectionSetup, GrpcConnection } from './grpc-connection.js';
import { GrpcJsConnection } from './grpc-js/connection.js';
import { type GrpcJs, loadGrpcJs } from './grpc-js/load.js';
import { Http2Connection } from './http2/connection.js';
import type { SfuMetadata } from './metadata.js';

/** Connections in a row that may take no stream although they were just made. */
const MAX_USELESS_CONNECTIONS = 4;

/** gRPC servers let every client ping this often. */
const LONGEST_KEEPALIVE_MS = 2 * 60 * 60 * 1000;

/** Where the connections of a pool go, and how. */
export interface PoolOptions extends ConnectionTarget {
  readonly client: 'http2' | 'grpc-js';
  readonly authority: string | undefined;
  /** Of all streams; those that a function makes come with each stream. */
  readonly metadata: SfuMetadata | (() => unknown) | undefined;
  readonly connectTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly pingTimeoutMs: number;
  readonly maxStreamsPerChannel: number;
}

interface Setup {
  /** A connection was lost, and streams with it. */
  onLost(): void;
  /** The server wants fewer keep-alive pings: one in `keepaliveTimeMs` from now on. */
  onSlowed(keepaliveTimeMs: number): void;
  /** No connection could be made. */
  onFailed(error: unknown): void;
}

/** The connections to one SFU, and how many streams each of them has. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #setup: Setup;
  readonly #connectionSetup: ConnectionSetup;
  /** All that are open or opening, also those that take no further stream. */
  readonly #connections = new Set<GrpcConnection>();
  #grpcJs: GrpcJs | undefined;
  #keepaliveTimeMs: number;
  /** Calls that the server takes on a connection, as the last one has said: a new one says so only when it stands. */
  #usualStreams = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: PoolOptions, setup: Setup) {
    this.#options = options;
    this.#setup = setup;
    this.#keepaliveTimeMs = options.keepaliveTimeMs;
    const { serverUrl, authority, metadata, tls, connectTimeoutMs, pingTimeoutMs } = options;
    const keepaliveTimeMs = () => this.#keepaliveTimeMs;
    this.#connectionSetup = {
      ...{ serverUrl, authority, method: '/rtc.RTC/Signal', tls, connectTimeoutMs, pingTimeoutMs },
      metadata: typeof metadata === 'function' ? undefined : metadata,
      get keepaliveTimeMs() {
        return keepaliveTimeMs();
      },
      onTooManyPings: (timeMs) => this.#pingLess(timeMs),
      onClosed: (connection, cutCalls) => {
        this.#connections.delete(connection);
        if (cutCalls) setup.onLost();
      },
    };
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
    if (this.#options.client === 'grpc-js') this.#grpcJs ??= await loadGrpcJs();
    if (this.#closed) throw closing();
    for (let useless = 0; ; ) {
      const connection = this.#connectionWithRoom();
      connection.streams += 1;
      try {
        await connection.ready(signal);
        if (this.#closed) throw closing();
        this.#usualStreams = connection.maxStreams || Number.POSITIVE_INFINITY;
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

  /** gRPC's A8: twice as long, for all connections, as each would lose its streams once. */
  #pingLess(timeMs: number): void {
    const slower = Math.min(2 * timeMs, LONGEST_KEEPALIVE_MS);
    if (slower <= this.#keepaliveTimeMs) return;
    this.#keepaliveTimeMs = slower;
    this.#setup.onSlowed(slower);
  }

  #connectionWithRoom(): GrpcConnection {
    for (const connection of this.#connections) {
      const { maxStreams } = connection;
      const known = Number.isFinite(maxStreams) ? maxStreams : this.#usualStreams;
      const most = Math.min(this.#options.maxStreamsPerChannel, known);
      if (!connection.isLeaving && !connection.suspect && connection.streams < most) return connection;
    }
    const connection = this.#grpcJs
      ? new GrpcJsConnection(this.#grpcJs, this.#connectionSetup)
      : new Http2Connection(this.#connectionSetup);
    this.#connections.add(connection);
    return connection;
  }
}

function unusable(reason: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached.", {
    cause: new Error(reason),
  });
}
