import type { Track } from '../protocol/types.js';
import type { RoomMember } from './room-member.js';

/** The ids of a track and its stream. */
interface Ids {
  streamId?: string | undefined;
  trackId?: string | undefined;
}

/** The publishing members of a room. A client may look up 64 tracks in one message, so viewers must not be searched. */
export class Publishers {
  readonly #members = new Set<RoomMember>();
  /** The ids of each session's newest offer, accepted by the SFU or pending. */
  readonly #claims = new Map<string, readonly Ids[]>();

  /** Call this when the member's tracks have changed. */
  update(member: RoomMember): void {
    if (member.publishes) this.#members.add(member);
    else this.#members.delete(member);
  }

  delete(member: RoomMember): void {
    this.#members.delete(member);
  }

  findTrack(trackId: string): { track: Track; sessionId: string } | undefined {
    for (const member of this.#members) {
      const track = member.track(trackId);
      if (track) return { track, sessionId: member.session.id };
    }
    return undefined;
  }

  ownerOfStream(streamId: string): string | undefined {
    for (const member of this.#members) if (member.publishesUnder(streamId)) return member.session.id;
    return undefined;
  }

  /** The session publishes these tracks now, or is about to. */
  claim(sessionId: string, tracks: readonly Ids[]): void {
    this.#claims.set(sessionId, tracks);
  }

  /** The session publishes no tracks, or has ended. */
  disclaim(sessionId: string): void {
    this.#claims.delete(sessionId);
  }

  /** Whether another session uses this id. No session owns `-`, which stands for "no stream" (RFC 8830). */
  hasAnother(what: 'stream' | 'track', id: string, sessionId: string): boolean {
    if (what === 'stream' && id === '-') return false;
    for (const member of this.#members) {
      if (member.session.id === sessionId) continue;
      if (what === 'stream' ? member.publishesUnder(id) : member.track(id) !== undefined) return true;
    }
    for (const [owner, claimed] of this.#claims) {
      if (owner === sessionId) continue;
      if (claimed.some(({ streamId, trackId }) => (what === 'stream' ? streamId : trackId) === id))
        return true;
    }
    return false;
  }
}
