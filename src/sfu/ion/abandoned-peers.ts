import pTimeout from 'p-timeout';
import { RelayError } from '../../protocol/errors.js';
import { Cancellation, type CancelSignal } from '../../util/cancellation.js';
import { deadlineTimers } from '../../util/deadline.js';
import type { Logger } from '../../util/logger.js';
import { type SfuPeerId, type SfuStream, type SfuStreamListener, sfuTimeout } from '../sfu.js';
import { EMPTY_OFFER } from './empty-offer.js';

interface AbandonedPeersSetup {
  /** Opens a stream whose peer is not removed in turn if Ion keeps it. */
  open(listener: SfuStreamListener, signal: CancelSignal): Promise<SfuStream>;
  joinTimeoutMs: number;
  logger: Logger;
  onRemoved(outcome: 'removed' | 'left'): void;
  isClosed(): boolean;
}

/**
 * If Ion ends a stream with an error, it keeps the peer in its room for good. To remove it, another peer joins with the same
 * uid, which replaces the abandoned one, and then leaves. Peers are removed one at a time: removals in parallel would load an
 * SFU that ends all its streams.
 */
export class AbandonedPeers {
  readonly #setup: AbandonedPeersSetup;
  /** The newest removal; never rejects. */
  #last: Promise<void> = Promise.resolve();

  constructor(setup: AbandonedPeersSetup) {
    this.#setup = setup;
  }

  remove(peer: SfuPeerId): void {
    this.#last = this.#remove(peer, this.#last);
  }

  async #remove(peer: SfuPeerId, before: Promise<void>): Promise<void> {
    const { logger, onRemoved, isClosed } = this.#setup;
    await before;
    if (isClosed()) return;
    try {
      await this.#replace(peer);
      onRemoved('removed');
    } catch (error) {
      onRemoved('left');
      logger.warn({ err: error, sessionId: peer.sessionId }, 'A peer may be left on the SFU');
    }
  }

  async #replace(peer: SfuPeerId): Promise<void> {
    const successor = new Successor();
    const cancellation = new Cancellation();
    // The stream may end while it waits at the room's gate.
    successor.joined.catch((error) => cancellation.abort(() => error));
    try {
      await pTimeout(this.#join(peer, successor, cancellation), {
        milliseconds: this.#setup.joinTimeoutMs,
        message: sfuTimeout(),
        customTimers: deadlineTimers,
      });
    } catch (error) {
      cancellation.abort(() => error);
      successor.stream?.end(RelayError.from(error).code === 'ERR_RELAY_SFU_TIMEOUT');
      throw error;
    }
    successor.stream?.end();
    await successor.ended;
  }

  async #join(peer: SfuPeerId, successor: Successor, signal: CancelSignal): Promise<void> {
    const stream = await this.#setup.open(successor, signal);
    successor.stream = stream;
    stream.generation = peer.generation ?? 1;
    // The deadline may have passed while the stream was opened.
    if (signal.aborted) stream.end();
    await stream.enter(peer.roomId, signal);
    stream.join({ ...peer, sdp: EMPTY_OFFER, autoSubscribe: false });
    await successor.joined;
  }
}

/** The stream of the peer that replaces an abandoned one: it reports only the join and the end. */
class Successor implements SfuStreamListener {
  stream: SfuStream | undefined;
  readonly joined: Promise<void>;
  readonly ended: Promise<void>;
  #joined = () => {};
  #failed = (_: unknown) => {};
  #ended = () => {};

  constructor() {
    this.joined = new Promise((resolve, reject) => {
      this.#joined = resolve;
      this.#failed = reject;
    });
    this.ended = new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  onJoined(): void {
    this.#joined();
  }

  onRefused(reason: string): void {
    this.#failed(new Error(`the SFU refused it: ${reason}`));
  }

  onEnd(error: RelayError | undefined): void {
    this.#failed(error ?? new Error('the stream has ended'));
    this.#ended();
  }

  onAnswer(): void {}
  onOffer(): void {}
  onCandidate(): void {}
  onSubscribed(): void {}
  onError(): void {}
}
