import type { Track } from './model.js';
import type { Seat } from './seat.js';

/** Those in a room who publish: few, whatever the number of viewers. Clients can ask for 64 tracks in one message. */
export class Publishers {
  readonly #seats = new Set<Seat>();

  /** To be called when its tracks have changed. */
  update(seat: Seat): void {
    if (seat.publishes) this.#seats.add(seat);
    else this.#seats.delete(seat);
  }

  delete(seat: Seat): void {
    this.#seats.delete(seat);
  }

  findTrack(trackId: string): { track: Track; sessionId: string } | undefined {
    for (const seat of this.#seats) {
      const track = seat.track(trackId);
      if (track) return { track, sessionId: seat.member.id };
    }
    return undefined;
  }

  ownerOfStream(streamId: string): string | undefined {
    for (const seat of this.#seats) if (seat.publishesUnder(streamId)) return seat.member.id;
    return undefined;
  }
}
