import type { Track } from '../../protocol/types.js';
import type { RoomMember } from './room-member.js';

/** The ids of a track and its stream. */
interface Ids {
  readonly streamId?: string | undefined;
  readonly trackId?: string | undefined;
}

/** The other processes that share the room: an id is of the first session that claims it. */
export interface ClaimsElsewhere {
  /** @param names see `namesOf` @returns those that another session has; if there are any, nothing is claimed */
  claim(sessionId: string, names: readonly string[]): Promise<readonly string[]>;
  /** The session publishes nothing but what its seat shows. */
  withdraw(sessionId: string): void;
}

/** `track <id>` and `stream <id>` of each. No session owns the stream `-`, which stands for "no stream" (RFC 8830). */
export function namesOf(tracks: readonly Ids[]): string[] {
  return tracks.flatMap(({ streamId = '-', trackId }) =>
    streamId === '-' ? [`track ${trackId}`] : [`stream ${streamId}`, `track ${trackId}`],
  );
}

/** Owners up to which looking at each of them is cheaper than an index. */
const MAX_SEARCHED = 8;

/** The owners of tracks and streams, by the ids of these. */
class OwnerIndex<Owner> {
  readonly #owned = new Map<Owner, readonly Ids[]>();
  /** Made when there are many owners, as most rooms have few. */
  #index: { byTrack: Map<string, Set<Owner>>; byStream: Map<string, Set<Owner>> } | undefined;

  /** The owner's ids are these from now on. */
  set(owner: Owner, ids: readonly Ids[]): void {
    this.delete(owner);
    if (ids.length === 0) return;
    this.#owned.set(owner, ids);
    if (this.#index) this.#put(owner, ids);
    else if (this.#owned.size > MAX_SEARCHED) {
      this.#index = { byTrack: new Map(), byStream: new Map() };
      for (const [each, its] of this.#owned) this.#put(each, its);
    }
  }

  delete(owner: Owner): void {
    const ids = this.#owned.get(owner);
    if (!ids) return;
    this.#owned.delete(owner);
    if (!this.#index) return;
    for (const { streamId, trackId } of ids) {
      take(this.#index.byTrack, trackId, owner);
      take(this.#index.byStream, streamId, owner);
    }
  }

  has(owner: Owner): boolean {
    return this.#owned.has(owner);
  }

  of(what: 'stream' | 'track', id: string): Iterable<Owner> {
    if (this.#index) return (what === 'stream' ? this.#index.byStream : this.#index.byTrack).get(id) ?? [];
    const owners: Owner[] = [];
    for (const [owner, ids] of this.#owned)
      if (ids.some(({ streamId, trackId }) => (what === 'stream' ? streamId : trackId) === id))
        owners.push(owner);
    return owners;
  }

  #put(owner: Owner, ids: readonly Ids[]): void {
    for (const { streamId, trackId } of ids) {
      put(this.#index?.byTrack, trackId, owner);
      put(this.#index?.byStream, streamId, owner);
    }
  }
}

/** The publishing members of a room. A client may look up 64 tracks in one message, so that nothing is searched. */
export class Publishers {
  /** Undefined where no other process shares the room. */
  elsewhere: ClaimsElsewhere | undefined;
  readonly #members = new OwnerIndex<RoomMember>();
  /** The session ids by the ids of each session's newest offer, accepted by the SFU or pending. */
  readonly #claims = new OwnerIndex<string>();

  /** Call this when the member's tracks have changed. */
  update(member: RoomMember): void {
    this.#members.set(member, member.tracks);
  }

  delete(member: RoomMember): void {
    this.#members.delete(member);
  }

  findTrack(trackId: string): { track: Track; sessionId: string } | undefined {
    for (const member of this.#members.of('track', trackId)) {
      const track = member.track(trackId);
      if (track) return { track, sessionId: member.session.id };
    }
    return undefined;
  }

  ownerOfStream(streamId: string): string | undefined {
    for (const { session } of this.#members.of('stream', streamId)) return session.id;
    return undefined;
  }

  /** The session publishes these tracks now, or is about to. */
  claim(sessionId: string, tracks: readonly Ids[]): void {
    this.#claims.set(sessionId, tracks);
  }

  /** The session publishes no tracks, or has ended. */
  disclaim(sessionId: string): void {
    this.#claims.delete(sessionId);
    this.elsewhere?.withdraw(sessionId);
  }

  /** Whether the session publishes something, or is about to. */
  hasClaim(sessionId: string): boolean {
    return this.#claims.has(sessionId);
  }

  /** Whether another session uses this id. No session owns `-`, which stands for "no stream" (RFC 8830). */
  hasAnother(what: 'stream' | 'track', id: string, sessionId: string): boolean {
    if (what === 'stream' && id === '-') return false;
    for (const { session } of this.#members.of(what, id)) if (session.id !== sessionId) return true;
    for (const owner of this.#claims.of(what, id)) if (owner !== sessionId) return true;
    return false;
  }
}

function put<Owner>(owners: Map<string, Set<Owner>> | undefined, id: string | undefined, owner: Owner): void {
  if (id === undefined || !owners) return;
  const others = owners.get(id);
  if (others) others.add(owner);
  else owners.set(id, new Set([owner]));
}

function take<Owner>(owners: Map<string, Set<Owner>>, id: string | undefined, owner: Owner): void {
  const others = id === undefined ? undefined : owners.get(id);
  others?.delete(owner);
  if (others?.size === 0) owners.delete(id as string);
}
