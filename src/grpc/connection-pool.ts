import { closing, RelayError } from '../protocol/errors.js';
import type { CancelSignal } from '../util/cancellation.js';
import type { ConnectionTarget } from './failed-connection.js';
import type { ConnectionSetup, GrpcConnection } from './grpc-connection.js';
import { GrpcJsConnection } from './grpc-js/connection.js';
import { type GrpcJs, loadGrpcJs } from './grpc-js/load.js';
import { Http2Connection } from './http2/connection.js';
import type { SfuMetadata } from './metadata.js';

/** The maximum of consecutive new connections that accept no stream. */
const MAX_USELESS_CONNECTIONS = 4;

/** All gRPC servers allow pings at this interval. */
const LONGEST_KEEPALIVE_MS = 2 * 60 * 60 * 1000;

/** The target and the settings of a pool's connections. */
export interface PoolOptions extends ConnectionTarget {
  readonly client: 'http2' | 'grpc-js';
  readonly authority: string | undefined;
  /** The metadata of all streams. Those of a function are passed with each stream. */
  readonly metadata: SfuMetadata | (() => unknown) | undefined;
  readonly connectTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly pingTimeoutMs: number;
  readonly maxStreamsPerChannel: number;
}

interface ConnectionPoolListener {
  /** A connection was lost with open streams. */
  onLost(): void;
  /** The server refuses the keep-alive pings as too many. The new interval is `keepaliveTimeMs`. */
  onSlowed(keepaliveTimeMs: number): void;
  /** Connecting has failed. */
  onFailed(error: unknown): void;
}

/** The connections to one SFU. It distributes streams over them. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #listener: ConnectionPoolListener;
  readonly #connectionSetup: ConnectionSetup;
  /** All open and opening connections, including those that accept no further stream. */
  readonly #connections = new Set<GrpcConnection>();
  /** The connection of the newest stream. */
  #filling: GrpcConnection | undefined;
  #grpcJs: GrpcJs | undefined;
  #keepaliveTimeMs: number;
  /** The server's limit of streams on the last connection. That of a new connection is unknown until it is established. */
  #usualStreams = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: PoolOptions, listener: ConnectionPoolListener) {
    this.#options = options;
    this.#listener = listener;
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
        if (cutCalls) listener.onLost();
      },
    };
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Reserves a stream on an established connection. A probe shares a connection that is full: a new one may fail for reasons of its
   * own, and would say nothing about the streams that there are.
   */
  async reserve(signal: CancelSignal, isProbe = false): Promise<GrpcConnection> {
    if (this.#options.client === 'grpc-js') this.#grpcJs ??= await loadGrpcJs();
    if (this.#closed) throw closing();
    for (let useless = 0; ; ) {
      const connection = (isProbe && this.#connectionInUse()) || this.#connectionWithRoom();
      connection.streams += 1;
      try {
        await connection.ready(signal);
        if (this.#closed) throw closing();
        this.#usualStreams = connection.maxStreams || Number.POSITIVE_INFINITY;
        if (!connection.isLeaving && connection.streams <= connection.maxStreams) return connection;
        if (connection.maxStreams === 0) throw unusable('its server takes no calls on a connection');
        // A GOAWAY may arrive in the same packet as the first SETTINGS.
        if (connection.isLeaving && ++useless === MAX_USELESS_CONNECTIONS)
          throw unusable('its server leaves every new connection at once (GOAWAY): does it shut down?');
      } catch (error) {
        this.release(connection);
        this.#listener.onFailed(error);
        throw error;
      }
      // The server's limit is lower than the assumed one.
      this.release(connection);
    }
  }

  /** Releases a stream. One usable connection without streams is kept for the next session. */
  release(connection: GrpcConnection): void {
    connection.streams -= 1;
    if (connection.streams === 0 && (connection.suspect || this.#hasAnother(connection))) connection.close();
  }

  /** Closes all connections, open calls included; new calls use new connections. */
  drop(): void {
    for (const connection of [...this.#connections]) connection.close();
  }

  close(): void {
    this.#closed = true;
    this.drop();
  }

  #hasAnother(than: GrpcConnection): boolean {
    for (const connection of this.#connections) {
      if (connection !== than && !connection.isLeaving) return true;
    }
    return false;
  }

  /** gRPC's A8: doubles the interval, for all connections, because each would lose its streams once. */
  #pingLess(timeMs: number): void {
    const slower = Math.min(2 * timeMs, LONGEST_KEEPALIVE_MS);
    if (slower <= this.#keepaliveTimeMs) return;
    this.#keepaliveTimeMs = slower;
    this.#listener.onSlowed(slower);
  }

  /** The oldest one, as the newest may still be opening. */
  #connectionInUse(): GrpcConnection | undefined {
    for (const connection of this.#connections) {
      const { isLeaving, suspect, streams, maxStreams } = connection;
      if (!isLeaving && !suspect && streams > 0 && streams < maxStreams) return connection;
    }
    return undefined;
  }

  #connectionWithRoom(): GrpcConnection {
    // Usually the last one has room: there may be a hundred connections to search.
    if (this.#filling && this.#connections.has(this.#filling) && this.#hasRoom(this.#filling))
      return this.#filling;
    for (const connection of this.#connections) {
      if (!this.#hasRoom(connection)) continue;
      this.#filling = connection;
      return connection;
    }
    const connection = this.#grpcJs
      ? new GrpcJsConnection(this.#grpcJs, this.#connectionSetup)
      : new Http2Connection(this.#connectionSetup);
    this.#connections.add(connection);
    this.#filling = connection;
    return connection;
  }

  #hasRoom({ maxStreams, streams, isLeaving, suspect }: GrpcConnection): boolean {
    const known = Number.isFinite(maxStreams) ? maxStreams : this.#usualStreams;
    return !isLeaving && !suspect && streams < Math.min(this.#options.maxStreamsPerChannel, known);
  }
}

function unusable(reason: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached.", {
    cause: new Error(reason),
  });
}
