import type { CancelSignal } from '../cancellation.js';
import { closing, RelayError } from '../errors.js';
import { type Logger, silentLogger } from '../logger.js';
import type { ConnectionSetup, GrpcConnection } from './grpc/client.js';
import { timedOut } from './grpc/failed-connection.js';
import { GrpcJsConnection } from './grpc/grpc-js/connection.js';
import { Http2Connection } from './grpc/http2/connection.js';
import type { ResolvedSfuOptions } from './options.js';
import type { Sfu, SfuStream, SfuStreamListener } from './port.js';
import { Reachability } from './reachability.js';
import { IonStream, probe, type StreamSetup } from './stream.js';

interface Watch {
  /** Is told when the SFU can no longer be reached, and when it is back. */
  logger: Logger;
  /** ms that the SFU has for an answer when it is probed. */
  probeTimeoutMs: number;
}

/** One Ion SFU: the connections to it, and the streams on them. */
export class SfuNode implements Sfu {
  readonly #options: ResolvedSfuOptions;
  readonly #connections = new Set<GrpcConnection>();
  readonly #streams: StreamSetup;
  readonly #probeTimeoutMs: number;
  readonly #reachability: Reachability;
  /** Those that the SFU has answered on. */
  readonly #established = new WeakSet<GrpcConnection>();
  #closed = false;

  constructor(options: ResolvedSfuOptions, watch: Watch = { logger: silentLogger, probeTimeoutMs: 3_000 }) {
    this.#options = options;
    this.#probeTimeoutMs = watch.probeTimeoutMs;
    this.#reachability = new Reachability({
      serverUrl: options.serverUrl,
      logger: watch.logger,
      probe: () => this.#probe(AbortSignal.timeout(watch.probeTimeoutMs), false),
    });
    this.#streams = {
      closeTimeoutMs: options.closeTimeoutMs,
      onEnd: (connection) => this.#release(connection),
      onSilent: () => this.#reachability.check(),
    };
    if (options.probeOnStart) this.#reachability.check();
  }

  get streamCount(): number {
    let count = 0;
    for (const connection of this.#connections) count += connection.streams;
    return count;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  async open(listener: SfuStreamListener, signal: CancelSignal): Promise<SfuStream> {
    const connection = await this.#reserve(signal);
    try {
      return new IonStream(listener, connection, this.#streams);
    } catch (error) {
      this.#release(connection);
      throw error;
    }
  }

  probe(signal: CancelSignal): Promise<void> {
    return this.#probe(signal, true);
  }

  close(): void {
    this.#closed = true;
    this.#reachability.close();
    for (const connection of this.#connections) connection.close();
  }

  /** `keeps`: the connection, for the next session. One that only looks keeps no idle process alive. */
  async #probe(signal: CancelSignal, keeps: boolean): Promise<void> {
    const connection = await this.#reserve(signal).catch((error) => {
      throw this.#missed(error, signal);
    });
    try {
      await probe((messages) => connection.call(messages), signal);
      connection.suspect = false;
      this.#reachability.reached();
    } catch (error) {
      connection.suspect = true;
      this.#reachability.missed(error);
      throw error;
    } finally {
      this.#release(connection);
      if (!keeps && connection.streams === 0) connection.close();
    }
  }

  /** A probe has less time than a connection may have: what cancels it then is that the SFU does not answer. */
  #missed(error: unknown, { aborted, reason }: CancelSignal): unknown {
    if (!aborted || (reason as Error | undefined)?.name !== 'TimeoutError') return error;
    const late = timedOut(this.#options, this.#probeTimeoutMs);
    this.#reachability.missed(late);
    return late;
  }

  async #reserve(signal: CancelSignal): Promise<GrpcConnection> {
    if (this.#closed) throw closing();
    for (;;) {
      const connection = this.#connectionWithRoom();
      connection.streams += 1;
      try {
        await connection.ready(signal);
        this.#established.add(connection);
        if (this.#closed) throw closing();
        if (connection.streams <= connection.maxStreams) return connection;
        if (connection.maxStreams === 0) throw full();
      } catch (error) {
        this.#release(connection);
        this.#reachability.missed(error);
        throw error;
      }
      // The server takes fewer calls on it than were counted on before it said so.
      this.#release(connection);
    }
  }

  #connectionWithRoom(): GrpcConnection {
    for (const connection of this.#connections) {
      const most = Math.min(this.#options.maxStreamsPerChannel, connection.maxStreams);
      if (!connection.suspect && connection.streams < most) return connection;
    }
    const { client, serverUrl, tls, connectTimeoutMs, keepaliveTimeMs } = this.#options;
    const setup: ConnectionSetup = {
      ...{ serverUrl, method: '/rtc.RTC/Signal', tls, connectTimeoutMs, keepaliveTimeMs },
      onLost: (lost) => {
        this.#connections.delete(lost);
        if (lost.streams > 0 && this.#established.has(lost)) this.#reachability.check();
      },
    };
    const connection = client === 'grpc-js' ? new GrpcJsConnection(setup) : new Http2Connection(setup);
    this.#connections.add(connection);
    return connection;
  }

  /** One empty sound connection is kept, so that the next session need not connect. */
  #release(connection: GrpcConnection): void {
    connection.streams -= 1;
    if (connection.streams === 0 && (connection.suspect || this.#connections.size > 1)) connection.close();
  }
}

function full(): RelayError {
  const cause = new Error('its server takes no calls on a connection');
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached.", { cause });
}
