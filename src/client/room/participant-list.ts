import type {
  Audience,
  JoinResult,
  Participant,
  ParticipantsEvent,
  TracksEvent,
} from '../../protocol/messages.js';
import type { ParticipantChange } from '../common/events.js';

export type ParticipantList = ReturnType<typeof participantList>;

/** The other participants and their tracks: those of the join result, updated by events in the order of `revision`. */
export function participantList() {
  const participants = new Map<string, Participant>();
  const all = () => [...participants.values()];
  let own: JoinResult | undefined;
  let audience: Audience = { count: 0 };
  /** Older events are ignored. Revisions may have gaps: the client's own changes count but are not sent to it. */
  let known = 0;

  const put = (participant: Participant) => participants.set(participant.sessionId, participant);

  return {
    participants: participants as ReadonlyMap<string, Participant>,

    get audience(): Audience {
      return audience;
    },

    get revision(): number {
      return known;
    },

    reset(result?: JoinResult): void {
      participants.clear();
      own = result;
      known = result?.revision ?? 0;
      audience = result?.audience ?? { count: 0 };
      result?.participants.forEach(put);
    },

    /** @returns the changes; undefined if the event is older than the known state */
    applyParticipants(event: ParticipantsEvent): ParticipantChange[] | undefined {
      const { revision } = event;
      // Several events with one revision may tell what a join result had no room for.
      if (revision < known) return undefined;
      known = revision;
      audience = event.audience ?? audience;
      const changes: ParticipantChange[] = [];
      // First: a session id may leave and come back within one event.
      for (const state of ['left', 'unlisted'] as const)
        for (const sessionId of event[state] ?? []) {
          const participant = participants.get(sessionId);
          if (sessionId === own?.sessionId) own.listed = false;
          if (participant) changes.push({ revision, state, participant });
          participants.delete(sessionId);
        }
      for (const state of ['joined', 'listed', 'updated'] as const)
        for (const participant of event[state] ?? []) {
          const before = participants.get(participant.sessionId);
          if (participant.sessionId === own?.sessionId) own.listed = true;
          else {
            put(participant);
            // An event may repeat what the join result has told.
            if (JSON.stringify(before) !== JSON.stringify(participant))
              changes.push({ revision, state: before ? 'updated' : state, participant });
          }
        }
      return changes;
    },

    /** @returns whether the event is newer than the known state */
    applyTracks({ revision, state, sessionId, tracks }: TracksEvent): boolean {
      if (revision <= known) return false;
      known = revision;
      const participant = participants.get(sessionId);
      if (participant) {
        const byId = new Map([...participant.tracks, ...tracks].map((track) => [track.trackId, track]));
        if (state === 'removed') for (const { trackId } of tracks) byId.delete(trackId);
        put({ ...participant, tracks: [...byId.values()] });
      }
      return true;
    },

    /** The publisher of a track; undefined until the room has announced the track. */
    ownerOf(trackId: string): Participant | undefined {
      return all().find(({ tracks }) => tracks.some((track) => track.trackId === trackId));
    },

    /** The RIDs of a stream's simulcast layers; none until the room has announced them. */
    layersOf(streamId: string): string[] {
      return all()
        .flatMap(({ tracks }) => tracks)
        .flatMap((track) => (track.streamId === streamId ? track.layers : []));
    },
  };
}
