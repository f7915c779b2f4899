import type {
  MessageDeletion,
  ParticipantsEvent,
  RoomMessage,
  Target,
  TracksEvent,
} from '../protocol/types.js';
import type { Logger } from '../util/logger.js';
import { SafeEmitter } from '../util/safe-emitter.js';
import type { SessionEvents } from './session-events.js';

/** Whom a session serves. It hears after those who listen. */
export interface Receiver {
  /** A candidate of the SFU's; `init` is the JSON of an RTCIceCandidateInit. */
  trickle(target: Target, init: string, peer?: number): void;
  /** A message of the room. One that may be dropped may be left out where the client is slow. */
  deliver(message: RoomMessage | MessageDeletion, mayDrop: boolean): void;
  /** Any other event; those of candidates and messages have come by the ways above. */
  hear<Name extends keyof SessionEvents>(name: Name, ...args: SessionEvents[Name]): void;
}

/**
 * What a session says: to those who listen, and to whom it serves.
 * @category Session
 */
export abstract class SessionEmitter extends SafeEmitter<SessionEvents> {
  readonly #logger: Logger;
  #receiver: Receiver | undefined;

  /** @internal */
  constructor(logger: Logger) {
    super(logger);
    this.#logger = logger;
  }

  /** @internal Whether there is something that nobody has listened to yet. */
  protected abstract get isHolding(): boolean;

  /** @internal Says what was held. */
  protected abstract release(): void;

  /** @internal For the log. */
  protected abstract fields(): object;

  /** @internal Who gets all that it says from now on, and first what has waited for somebody. */
  serve(receiver: Receiver | undefined): void {
    this.#receiver = receiver;
    if (receiver) this.release();
  }

  override on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): this {
    super.on(name, listener);
    this.#releaseHeld();
    return this;
  }

  override once<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): this {
    super.once(name, listener);
    this.#releaseHeld();
    return this;
  }

  /** @internal */
  protected override emit<Name extends keyof SessionEvents>(
    name: Name,
    ...args: SessionEvents[Name]
  ): boolean {
    const isHeard = super.emit(name, ...args);
    if (!this.#receiver) return isHeard;
    try {
      this.#receiver.hear(name, ...args);
    } catch (error) {
      this.#deliveryFailed(error);
    }
    return true;
  }

  /** @internal */
  notifyParticipants(event: ParticipantsEvent): void {
    this.emit('participants', event);
  }

  /** @internal */
  notifyTracks(event: TracksEvent): void {
    this.emit('tracks', event);
  }

  /** @internal */
  notifyRoom(state: { locked: boolean }): void {
    this.emit('room', state);
  }

  /** @internal */
  notifyMessage(message: RoomMessage, mayDrop: boolean): void {
    this.#receive(message, mayDrop);
    this.emit('message', message);
  }

  /** @internal */
  notifyDeletion(deletion: MessageDeletion): void {
    this.#receive(deletion, false);
    this.emit('messagedeleted', deletion);
  }

  #receive(message: RoomMessage | MessageDeletion, mayDrop: boolean): void {
    try {
      this.#receiver?.deliver(message, mayDrop);
    } catch (error) {
      this.#deliveryFailed(error);
    }
  }

  #deliveryFailed(error: unknown): void {
    this.#logger.error({ err: error, ...this.fields() }, 'A message could not be delivered');
  }

  /** @internal False where nobody listens yet. */
  protected tellCandidate(target: Target, init: string, peer: number | undefined): boolean {
    try {
      this.#receiver?.trickle(target, init, peer);
    } catch (error) {
      this.#deliveryFailed(error);
    }
    // Read for those who listen, and for nobody else.
    if (this.listenerCount('candidate') === 0) return this.#receiver !== undefined;
    return this.emit('candidate', { target, candidate: JSON.parse(init), ...(peer && { peer }) });
  }

  #releaseHeld(): void {
    // When all are there that come in this turn: the client too, where the application listens since `sessionopen`.
    if (this.isHolding) process.nextTick(() => this.release());
  }
}
