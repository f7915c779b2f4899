import { ConnectionPool } from '../../grpc/connection-pool.js';
import { timedOut } from '../../grpc/failed-connection.js';
import { makeMetadata, type SfuMetadata } from '../../grpc/metadata.js';
import { Cancellation, type CancelSignal } from '../../util/cancellation.js';
import { type Logger, silentLogger } from '../../util/logger.js';
import { Reachability } from '../reachability.js';
import type { Sfu, SfuPeerId, SfuStream, SfuStreamListener } from '../sfu.js';
import { AbandonedPeers } from './abandoned-peers.js';
import { IonStream, MAX_RETRIES, type StreamSetup } from './ion-stream.js';
import type { ResolvedSfuOptions } from './options.js';
import { probe } from './probe.js';
import { RoomGates } from './room-gate.js';

interface Watch {
  /** Is told when the SFU can no longer be reached, and when it is back. */
  logger: Logger;
  /** ms that the SFU has to answer a probe. */
  probeTimeoutMs: number;
  /** ms that the SFU has to answer a join. */
  joinTimeoutMs: number;
  /** Ion had kept a peer after ending its stream: it was removed, or may be left there. */
  onAbandonedPeer(outcome: 'removed' | 'left'): void;
  /** The relay is closing: no abandoned peer is removed from now on. */
  isClosing(): boolean;
}

const UNWATCHED: Watch = {
  logger: silentLogger,
  probeTimeoutMs: 3_000,
  joinTimeoutMs: 15_000,
  onAbandonedPeer: () => {},
  isClosing: () => false,
};

/** One Ion SFU: streams on its connections, and whether it can be reached. */
export class IonSfu implements Sfu {
  readonly #options: ResolvedSfuOptions;
  readonly #pool: ConnectionPool;
  readonly #streams: StreamSetup;
  readonly #abandoned: AbandonedPeers;
  readonly #probeTimeoutMs: number;
  readonly #reachability: Reachability;
  /** The metadata of each stream, where the application makes them by a function. */
  readonly #makeMetadata: ((signal: CancelSignal) => Promise<SfuMetadata>) | undefined;

  #isClosed = false;

  constructor(options: ResolvedSfuOptions, watching: Partial<Watch> = {}) {
    const watch = { ...UNWATCHED, ...watching };
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
      gates: new RoomGates(),
    };
    this.#abandoned = new AbandonedPeers({
      open: (listener, signal) => this.#open(listener, signal),
      joinTimeoutMs: watch.joinTimeoutMs,
      logger: watch.logger,
      onRemoved: watch.onAbandonedPeer,
      isClosed: () => this.#isClosed || watch.isClosing(),
    });
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

  open(listener: SfuStreamListener, signal: CancelSignal): Promise<SfuStream> {
    return this.#open(listener, signal, (peer) => this.#abandoned.remove(peer));
  }

  async #open(
    listener: SfuStreamListener,
    signal: CancelSignal,
    onAbandoned?: (peer: SfuPeerId) => void,
  ): Promise<SfuStream> {
    const metadata = this.#makeMetadata && (await this.#makeMetadata(signal));
    const connection = await this.#pool.reserve(signal);
    try {
      return new IonStream(listener, connection, this.#streams, metadata, onAbandoned);
    } catch (error) {
      this.#pool.release(connection);
      throw error;
    }
  }

  probe(signal: CancelSignal): Promise<void> {
    return this.#probe(signal, true);
  }

  close(): void {
    this.#isClosed = true;
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
