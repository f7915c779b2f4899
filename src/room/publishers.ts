import type { Track } from '../protocol/types.js';
import type { Seat } from './room-member.js';

/** What a track is called, and its stream. */
interface Ids {
  streamId?: string | undefined;
  trackId?: string | undefined;
}

/** Those in a room who publish: few, whatever the number of viewers. Clients can ask for 64 tracks in one message. */
export class Publishers {
  readonly #seats = new Set<Seat>();
  /** By session: the ids of its newest offer, which the SFU may have accepted by now or not. */
  readonly #claims = new Map<string, readonly Ids[]>();

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

  /** The session publishes under these ids now, or is about to. */
  claim(sessionId: string, tracks: readonly Ids[]): void {
    this.#claims.set(sessionId, tracks);
  }

  /** The session publishes nothing, or has ended. */
  disclaim(sessionId: string): void {
    this.#claims.delete(sessionId);
  }

  /** Whether another session has this id. `-` is nobody's: it says that a track is in no stream (RFC 8830). */
  hasAnother(what: 'stream' | 'track', id: string, sessionId: string): boolean {
    if (what === 'stream' && id === '-') return false;
    for (const seat of this.#seats) {
      if (seat.member.id === sessionId) continue;
      if (what === 'stream' ? seat.publishesUnder(id) : seat.track(id) !== undefined) return true;
    }
    for (const [owner, claimed] of this.#claims) {
      if (owner === sessionId) continue;
      if (claimed.some(({ streamId, trackId }) => (what === 'stream' ? streamId : trackId) === id))
        return true;
    }
    return false;
  }
}
