import type { Participant, ParticipantsEvent, TracksEvent } from '../protocol/messages.js';

/** The others in the room and what they publish: the join result, then every change in the order of `revision`. */
export class Roster {
  readonly participants = new Map<string, Participant>();
  #revision = 0;

  reset(participants: readonly Participant[] = [], revision = 0): void {
    this.participants.clear();
    for (const participant of participants) this.#put(participant);
    this.#revision = revision;
  }

  /** @returns false where the event is older than what is known. Our own changes are counted, not told: gaps are. */
  applyParticipants({ revision, state, participant }: ParticipantsEvent): boolean {
    if (!this.#advance(revision)) return false;
    if (state === 'left') this.participants.delete(participant.sessionId);
    else this.#put(participant);
    return true;
  }

  /** @returns false where the event is older than what is known. */
  applyTracks({ revision, state, sessionId, tracks }: TracksEvent): boolean {
    if (!this.#advance(revision)) return false;
    const participant = this.participants.get(sessionId);
    if (!participant) return true;
    const known = new Map(participant.tracks.map((track) => [track.trackId, track]));
    for (const track of tracks) {
      if (state === 'removed') known.delete(track.trackId);
      else known.set(track.trackId, track);
    }
    this.participants.set(sessionId, { ...participant, tracks: [...known.values()] });
    return true;
  }

  /** Whose track it is; undefined before the room has announced it. */
  ownerOf(trackId: string): Participant | undefined {
    return [...this.participants.values()].find(({ tracks }) =>
      tracks.some((track) => track.trackId === trackId),
    );
  }

  /** The simulcast layers of a stream, by their RIDs; none before the room has announced them. */
  layersOf(streamId: string): string[] {
    return [...this.participants.values()]
      .flatMap(({ tracks }) => tracks)
      .flatMap((track) => (track.streamId === streamId ? track.layers : []));
  }

  #put(participant: Participant): void {
    this.participants.set(participant.sessionId, { ...participant, tracks: [...participant.tracks] });
  }

  #advance(revision: number): boolean {
    if (revision <= this.#revision) return false;
    this.#revision = revision;
    return true;
  }
}
