import type { ParticipantsEvent, TracksEvent } from '../../protocol/room-events.js';
import type { MessageDeletion, RoomMessage, SessionDescription, Target } from '../../protocol/types.js';
import type { RoomEvents } from '../../room/participants/room-member.js';
import type { Logger } from '../../util/logger.js';
import { SafeEmitter } from '../../util/safe-emitter.js';
import type { SessionEvents } from './session-events.js';

/** The client connection of a session. It gets every event after the listeners of the application. */
export interface SessionSink {
  /** Whether the client can replace its peer on the SFU. */
  readonly canRejoin: boolean;
  /** A candidate of the SFU; `init` is the JSON of an RTCIceCandidateInit. */
  trickle(target: Target, init: string, peer?: number): void;
  /** A message of the room. With `mayDrop` it may be left out for a slow client. */
  deliver(message: RoomMessage | MessageDeletion, mayDrop: boolean): void;
  /** Any other event. Candidates and messages arrive by the methods above, too; ignore them here. */
  event<Name extends keyof SessionEvents>(name: Name, ...args: SessionEvents[Name]): void;
}

/** SFU offers and candidates that wait for their first listener. */
interface HeldEvents {
  readonly isHolding: boolean;
  /** Emits them. */
  release(): void;
}

/** Emits the events of one session: to its listeners, then to its client connection. */
export class SessionEmitter extends SafeEmitter<SessionEvents> implements RoomEvents {
  readonly #logger: Logger;
  readonly #fields: object;
  #held: HeldEvents | undefined;
  #sink: SessionSink | undefined;

  /** `fields`: of log lines. */
  constructor(logger: Logger, fields: object) {
    super(logger);
    this.#logger = logger;
    this.#fields = fields;
  }

  set held(held: HeldEvents) {
    this.#held = held;
  }

  /** Whether somebody can replace the session's peer: its client, or the application by `session.rejoin()`. */
  get canRejoin(): boolean {
    return this.#sink?.canRejoin === true || this.listenerCount('rejoin') > 0;
  }

  /** `sink` gets all events from now on, those that were held first. */
  serve(sink: SessionSink | undefined): void {
    this.#sink = sink;
    if (sink) this.#held?.release();
  }

  override on<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): () => void {
    const off = super.on(name, listener);
    this.#releaseLater();
    return off;
  }

  override once<Name extends keyof SessionEvents>(
    name: Name,
    listener: (...args: SessionEvents[Name]) => unknown,
  ): () => void {
    const off = super.once(name, listener);
    this.#releaseLater();
    return off;
  }

  /** False where there is neither a listener nor a client connection. */
  override emit<Name extends keyof SessionEvents>(name: Name, ...args: SessionEvents[Name]): boolean {
    const hasListeners = super.emit(name, ...args);
    if (!this.#sink) return hasListeners;
    try {
      this.#sink.event(name, ...args);
    } catch (error) {
      this.#deliveryFailed(error);
    }
    return true;
  }

  notifyParticipants(event: ParticipantsEvent): void {
    this.emit('participants', event);
  }

  notifyTracks(event: TracksEvent): void {
    this.emit('tracks', event);
  }

  notifyRoom(state: { locked: boolean }): void {
    this.emit('room', state);
  }

  notifyMessage(message: RoomMessage, mayDrop: boolean): void {
    this.#deliver(message, mayDrop);
    if (this.listenerCount('message') > 0) super.emit('message', message);
  }

  notifyDeletion(deletion: MessageDeletion): void {
    this.#deliver(deletion, false);
    super.emit('messagedeleted', deletion);
  }

  /** An offer of the SFU. The first peer's carries no number. False where there is no listener yet. */
  offer(offer: SessionDescription, peer: number): boolean {
    return this.emit('offer', peer === 1 ? offer : { type: offer.type, sdp: offer.sdp, peer });
  }

  /** A candidate of the SFU, as JSON. False where there is no listener yet. */
  candidate(target: Target, init: string, peer: number): boolean {
    try {
      if (peer === 1) this.#sink?.trickle(target, init);
      else this.#sink?.trickle(target, init, peer);
    } catch (error) {
      this.#deliveryFailed(error);
    }
    // Only listeners of the application need the candidate parsed.
    if (this.listenerCount('candidate') === 0) return this.#sink !== undefined;
    const candidate = JSON.parse(init);
    return this.emit('candidate', peer === 1 ? { target, candidate } : { target, candidate, peer });
  }

  /** The session has ended: no event follows. */
  end(): void {
    this.removeAllListeners();
  }

  #deliver(message: RoomMessage | MessageDeletion, mayDrop: boolean): void {
    try {
      this.#sink?.deliver(message, mayDrop);
    } catch (error) {
      this.#deliveryFailed(error);
    }
  }

  #deliveryFailed(error: unknown): void {
    this.#logger.error({ err: error, ...this.#fields }, 'A message could not be delivered');
  }

  #releaseLater(): void {
    // After the current turn, so that all listeners that are added in it get what was held: those that the application adds
    // in `sessionopen`, then the client connection.
    if (this.#held?.isHolding) process.nextTick(() => this.#held?.release());
  }
}
