import type { Participant, ParticipantsEvent, TracksEvent } from '../../protocol/messages.js';

export type ParticipantList = ReturnType<typeof participantList>;

/** The others in the room and their tracks: those of the join result, changed by each event in the order of `revision`. */
export function participantList() {
  const participants = new Map<string, Participant>();
  let known = 0;

  const put = (participant: Participant) =>
    participants.set(participant.sessionId, { ...participant, tracks: [...participant.tracks] });
  /** Events older than what is known do not count. Our own changes are counted, not told: gaps are legal. */
  const advance = (revision: number) => {
    const isNew = revision > known;
    if (isNew) known = revision;
    return isNew;
  };

  return {
    participants: participants as ReadonlyMap<string, Participant>,

    reset(all: readonly Participant[] = [], revision = 0): void {
      participants.clear();
      all.forEach(put);
      known = revision;
    },

    /** @returns whether the event is newer than what was known */
    applyParticipants({ revision, state, participant }: ParticipantsEvent): boolean {
      if (!advance(revision)) return false;
      if (state === 'left') participants.delete(participant.sessionId);
      else put(participant);
      return true;
    },

    /** @returns whether the event is newer than what was known */
    applyTracks({ revision, state, sessionId, tracks }: TracksEvent): boolean {
      if (!advance(revision)) return false;
      const participant = participants.get(sessionId);
      if (!participant) return true;
      const byId = new Map([...participant.tracks, ...tracks].map((track) => [track.trackId, track]));
      if (state === 'removed') for (const track of tracks) byId.delete(track.trackId);
      participants.set(sessionId, { ...participant, tracks: [...byId.values()] });
      return true;
    },

    /** The publisher of a track; undefined until the room has announced it. */
    ownerOf(trackId: string): Participant | undefined {
      return [...participants.values()].find(({ tracks }) =>
        tracks.some((track) => track.trackId === trackId),
      );
    },

    /** The simulcast layers of a stream, by their RIDs; none until the room has announced them. */
    layersOf(streamId: string): string[] {
      return [...participants.values()]
        .flatMap(({ tracks }) => tracks)
        .flatMap((track) => (track.streamId === streamId ? track.layers : []));
    },
  };
}
