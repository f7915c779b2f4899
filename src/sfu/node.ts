import { Cancellation, type CancelSignal } from '../cancellation.js';
import { type Logger, silentLogger } from '../logger.js';
import { ConnectionPool } from './connection-pool.js';
import { timedOut } from './grpc/failed-connection.js';
import { makeMetadata, type SfuMetadata } from './metadata.js';
import type { ResolvedSfuOptions } from './options.js';
import type { Sfu, SfuStream, SfuStreamListener } from './port.js';
import { Reachability } from './reachability.js';
import { IonStream, MAX_RETRIES, probe, type StreamSetup } from './stream.js';

interface Watch {
  /** Is told when the SFU can no longer be reached, and when it is back. */
  logger: Logger;
  /** ms that the SFU has for an answer when it is probed. */
  probeTimeoutMs: number;
}

/** One Ion SFU: streams on its connections, and whether it can be reached. */
export class SfuNode implements Sfu {
  readonly #options: ResolvedSfuOptions;
  readonly #pool: ConnectionPool;
  readonly #streams: StreamSetup;
  readonly #probeTimeoutMs: number;
  readonly #reachability: Reachability;
  /** The metadata of each stream, where the application makes them by a function. */
  readonly #makeMetadata: ((signal: CancelSignal) => Promise<SfuMetadata>) | undefined;

  constructor(options: ResolvedSfuOptions, watch: Watch = { logger: silentLogger, probeTimeoutMs: 3_000 }) {
    this.#options = options;
    this.#probeTimeoutMs = watch.probeTimeoutMs;
    this.#reachability = new Reachability({
      serverUrl: options.serverUrl,
      logger: watch.logger,
      probe: () => this.#probe(AbortSignal.timeout(watch.probeTimeoutMs), false),
    });
    const pool = new ConnectionPool(options, {
      onLost: () => this.#reachability.check(),
      onSlowed: (keepaliveTimeMs) =>
        watch.logger.warn(
          { serverUrl: options.serverUrl, keepaliveTimeMs },
          `The server at ${options.serverUrl} wants fewer keep-alive pings (too_many_pings): one in ${keepaliveTimeMs} ms from now on`,
        ),
      onFailed: (error) => this.#reachability.missed(error),
    });
    this.#pool = pool;
    this.#streams = {
      closeTimeoutMs: options.closeTimeoutMs,
      reserve: () => pool.reserve(new Cancellation()),
      release: (connection) => pool.release(connection),
      onSilent: () => this.#reachability.check(),
    };
    const { metadata, serverUrl, connectTimeoutMs: timeoutMs } = options;
    if (typeof metadata === 'function')
      this.#makeMetadata = (signal) =>
        makeMetadata(metadata, { serverUrl, timeoutMs }, signal).catch((error) => {
          this.#reachability.missed(error);
          throw error;
        });
    if (options.probeOnStart) this.#reachability.check();
  }

  get streamCount(): number {
    return this.#pool.streamCount;
  }

  get connectionCount(): number {
    return this.#pool.connectionCount;
  }

  async open(listener: SfuStreamListener, signal: CancelSignal): Promise<SfuStream> {
    const metadata = this.#makeMetadata && (await this.#makeMetadata(signal));
    const connection = await this.#pool.reserve(signal);
    try {
      return new IonStream(listener, connection, this.#streams, metadata);
    } catch (error) {
      this.#pool.release(connection);
      throw error;
    }
  }

  probe(signal: CancelSignal): Promise<void> {
    return this.#probe(signal, true);
  }

  close(): void {
    this.#reachability.close();
    this.#pool.close();
  }

  /** `keeps`: the connection, for the next session. One that only looks keeps no idle process alive. */
  async #probe(signal: CancelSignal, keeps: boolean, retries = 0): Promise<void> {
    const { metadata, connection } = await this.#prepare(signal).catch((error) => {
      throw this.#missed(error, signal);
    });
    try {
      const unprocessed = await probe((messages) => connection.call(messages, metadata), signal);
      if (unprocessed) {
        if (retries === MAX_RETRIES) throw unprocessed;
        // It may refuse the next one, too: another connection is tried.
        connection.suspect = true;
        return this.#probe(signal, keeps, retries + 1);
      }
      connection.suspect = false;
      this.#reachability.reached();
    } catch (error) {
      connection.suspect = true;
      this.#reachability.missed(error);
      throw error;
    } finally {
      this.#pool.release(connection);
      if (!keeps && connection.streams === 0) connection.close();
    }
  }

  async #prepare(signal: CancelSignal) {
    const metadata = await this.#makeMetadata?.(signal);
    return { metadata, connection: await this.#pool.reserve(signal) };
  }

  /** A probe has less time than a connection may have: what cancels it then is that the SFU does not answer. */
  #missed(error: unknown, { aborted, reason }: CancelSignal): unknown {
    if (!aborted || (reason as Error | undefined)?.name !== 'TimeoutError') return error;
    const late = timedOut(this.#options, this.#probeTimeoutMs);
    this.#reachability.missed(late);
    return late;
  }
}
