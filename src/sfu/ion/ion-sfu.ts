import { ConnectionPool } from '../../grpc/connection-pool.js';
import { timedOut } from '../../grpc/failed-connection.js';
import type { GrpcConnection } from '../../grpc/grpc-connection.js';
import { makeMetadata, type SfuMetadata } from '../../grpc/metadata.js';
import type { RelayError } from '../../protocol/errors.js';
import { Cancellation, type CancelSignal } from '../../util/cancellation.js';
import { Deadline } from '../../util/deadline.js';
import { type Logger, silentLogger } from '../../util/logger.js';
import { noop } from '../../util/noop.js';
import { NodeHealth, type Watch } from '../node-health.js';
import type { SendingPeer, SfuPeerId, SfuServer, SfuStream, SfuStreamListener } from '../sfu.js';
import { AbandonedPeers } from './abandoned-peers.js';
import { IonStream, MAX_RETRIES, type StreamSetup } from './ion-stream.js';
import type { ResolvedSfuOptions } from './options.js';
import { probe } from './probe.js';
import { RoomGates } from './room-gate.js';
import { SendingPeers } from './sending-peers.js';

interface IonSfuSetup {
  /** Logs when the SFU is down, and when it is up again. */
  logger: Logger;
  /** How the SFU is watched. @default undefined: it is probed only after a failure */
  watch: Watch | undefined;
  onDown(error: RelayError): void;
  onUp(downMs: number): void;
  /** ms within which the SFU has to answer a probe. */
  probeTimeoutMs: number;
  /** ms within which the SFU has to answer a join. */
  joinTimeoutMs: number;
  /** Ion kept a peer after ending its stream. The relay has removed it, or the removal has failed. */
  onAbandonedPeer(outcome: 'removed' | 'left'): void;
  /** A peer of the room has sent media for the first time. */
  onSender(roomId: string): void;
  /** Abandoned peers are not removed while the relay is closing. */
  isClosing(): boolean;
}

const DEFAULTS: IonSfuSetup = {
  logger: silentLogger,
  watch: undefined,
  onDown: noop,
  onUp: noop,
  probeTimeoutMs: 3_000,
  joinTimeoutMs: 15_000,
  onAbandonedPeer: noop,
  onSender: noop,
  isClosing: () => false,
};

/** One Ion SFU: opens streams on pooled connections, and watches whether the SFU is up. */
export class IonSfu implements SfuServer {
  readonly health: NodeHealth;
  readonly #options: ResolvedSfuOptions;
  readonly #pool: ConnectionPool;
  readonly #streams: StreamSetup;
  readonly #abandoned: AbandonedPeers;
  readonly #probeTimeoutMs: number;
  /** Returns the metadata of the next stream; undefined if `metadata` is not a function. */
  readonly #makeMetadata: ((signal: CancelSignal) => Promise<SfuMetadata>) | undefined;

  /** The failures of `metadata` of a watched SFU, which say nothing about the SFU. */
  readonly #withoutMetadata = new WeakSet<object>();
  #isClosed = false;
  /** Streams of peers that are opening, open or ending. */
  #streamCount = 0;

  constructor(options: ResolvedSfuOptions, given: Partial<IonSfuSetup> = {}) {
    const setup = { ...DEFAULTS, ...given };
    this.#options = options;
    this.#probeTimeoutMs = setup.probeTimeoutMs;
    this.health = new NodeHealth({
      serverUrl: options.serverUrl,
      logger: setup.logger,
      watch: setup.watch,
      probe: () => this.#probeInTime(setup.watch?.timeoutMs ?? setup.probeTimeoutMs),
      takeHeard: () => {
        const { heard } = this.#streams;
        this.#streams.heard = false;
        return heard;
      },
      isUsed: () => this.streamCount > 0,
      onDown: setup.onDown,
      onUp: setup.onUp,
    });
    const pool = new ConnectionPool(options, {
      onLost: () => this.health.check(),
      onSlowed: (keepaliveTimeMs) =>
        setup.logger.warn(
          { serverUrl: options.serverUrl, keepaliveTimeMs },
          `The server at ${options.serverUrl} wants fewer keep-alive pings (too_many_pings): one in ${keepaliveTimeMs} ms from now on`,
        ),
      onFailed: (error) => this.health.missed(error),
    });
    this.#pool = pool;
    this.#streams = {
      closeTimeoutMs: options.closeTimeoutMs,
      reserve: () => this.#reserve(new Cancellation()),
      release: (connection) => this.#release(connection),
      onSilent: () => this.health.check(),
      heard: false,
      gates: new RoomGates(),
      senders: new SendingPeers(setup.onSender),
    };
    this.#abandoned = new AbandonedPeers({
      open: (listener, signal) => this.#open(listener, signal),
      joinTimeoutMs: setup.joinTimeoutMs,
      logger: setup.logger,
      onRemoved: setup.onAbandonedPeer,
      isClosed: () => this.#isClosed || setup.isClosing(),
    });
    const { metadata, serverUrl, connectTimeoutMs: timeoutMs } = options;
    if (typeof metadata === 'function')
      this.#makeMetadata = (signal) =>
        makeMetadata(metadata, { serverUrl, timeoutMs }, signal).catch((error) => {
          // A watched node would lose all its streams, which do not need it.
          if (setup.watch) this.#withoutMetadata.add(error);
          else this.health.missed(error);
          throw error;
        });
    if (options.probeOnStart) this.health.check();
  }

  get streamCount(): number {
    return this.#streamCount;
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
    const connection = await this.#reserve(signal);
    try {
      return new IonStream(listener, connection, this.#streams, metadata, onAbandoned);
    } catch (error) {
      this.#release(connection);
      throw error;
    }
  }

  async #reserve(signal: CancelSignal): Promise<GrpcConnection> {
    this.#streamCount += 1;
    try {
      return await this.#pool.reserve(signal);
    } catch (error) {
      this.#streamCount -= 1;
      throw error;
    }
  }

  #release(connection: GrpcConnection): void {
    this.#streamCount -= 1;
    this.#pool.release(connection);
  }

  probe(signal: CancelSignal): Promise<void> {
    return this.#probe(signal, true);
  }

  sendersOf(roomId: string): Iterable<SendingPeer> {
    return this.#streams.senders.ofRoom(roomId);
  }

  learnSender(sender: SendingPeer): void {
    this.#streams.senders.learn(sender);
  }

  /** Ends all streams and connections; new ones may follow. */
  drop(): void {
    this.#streams.senders.clear();
    this.#pool.drop();
  }

  close(): void {
    this.#isClosed = true;
    this.health.close();
    this.#pool.close();
  }

  /** Of the health. A process that was blocked has not read an answer that arrived in time: the deadline is one that lets it. */
  async #probeInTime(timeoutMs: number): Promise<void> {
    const late = new Cancellation();
    const deadline = new Deadline(
      () => late.abort(() => new DOMException('The SFU does not answer in time.', 'TimeoutError')),
      timeoutMs,
    ).unref();
    try {
      await this.#probe(late, false);
    } catch (error) {
      if (!this.#withoutMetadata.has(error as object)) throw error;
    } finally {
      deadline.cancel();
    }
  }

  /** `keeps`: leaves the connection open for the next session. Without it, a probe keeps no idle process alive. */
  async #probe(signal: CancelSignal, keeps: boolean, retries = 0): Promise<void> {
    const { metadata, connection } = await this.#prepare(signal).catch((error) => {
      throw this.#missed(error, signal);
    });
    try {
      const unprocessed = await probe((messages) => connection.call(messages, metadata), signal);
      if (unprocessed) {
        if (retries === MAX_RETRIES) throw unprocessed;
        // The connection may refuse the next call too: use another one.
        connection.suspect = true;
        return this.#probe(signal, keeps, retries + 1);
      }
      connection.suspect = false;
      this.health.reached();
    } catch (error) {
      connection.suspect = true;
      this.health.missed(error);
      throw error;
    } finally {
      this.#pool.release(connection);
      if (!keeps && connection.streams === 0) connection.close();
    }
  }

  async #prepare(signal: CancelSignal) {
    const metadata = await this.#makeMetadata?.(signal);
    return { metadata, connection: await this.#pool.reserve(signal, true) };
  }

  /** A probe's deadline may be shorter than `connectTimeoutMs`. If it passes during the connection, the SFU has not answered. */
  #missed(error: unknown, { aborted, reason }: CancelSignal): unknown {
    if (
      this.#withoutMetadata.has(error as object) ||
      !aborted ||
      (reason as Error | undefined)?.name !== 'TimeoutError'
    )
      return error;
    const late = timedOut(this.#options, this.#probeTimeoutMs);
    this.health.missed(late);
    return late;
  }
}
