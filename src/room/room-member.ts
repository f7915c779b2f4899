import type {
  MessageDeletion,
  Metadata,
  Participant,
  ParticipantsEvent,
  ParticipantUpdate,
  RoomMessage,
  Track,
  TracksEvent,
} from '../protocol/types.js';

/** A session in a room. */
export interface RoomSession {
  readonly id: string;
  readonly userId: string;
  readonly role: Participant['role'];
  readonly hidden: boolean;
  readonly emitter: RoomEvents;
}

/** What a room notifies its sessions of. */
export interface RoomEvents {
  notifyParticipants(event: ParticipantsEvent): void;
  notifyTracks(event: TracksEvent): void;
  notifyMessage(message: RoomMessage, mayDrop: boolean): void;
  notifyDeletion(deletion: MessageDeletion): void;
}

/** The tracks of a session's newest accepted offer. */
export interface Offered {
  readonly tracks: readonly Track[];
  /** The ids of muted tracks, whose media the SFU does not get. */
  readonly cut: ReadonlySet<string>;
  /** New track ids by the old ids of the same tracks. */
  readonly renamed?: ReadonlyMap<string, string>;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** The difference that the other members are notified of. */
export interface TrackDifference {
  removed: Track[];
  updated: Track[];
  added: Track[];
}

/** One participant, with its tracks and metadata, as the other members see it. */
export class RoomMember {
  readonly session: RoomSession;
  /** `muted` as the client reports it. */
  #tracks: readonly Track[];
  /** The ids of tracks that a moderator has muted. */
  #cut: ReadonlySet<string>;
  #metadata: Metadata | undefined;

  constructor(session: RoomSession, tracks: readonly Track[], cut: ReadonlySet<string>, metadata?: Metadata) {
    this.session = session;
    this.#tracks = tracks;
    this.#cut = cut;
    this.#metadata = metadata;
  }

  /** The tracks as the other members see them. */
  get shown(): Track[] {
    return this.#tracks.map((track) => ({ ...track, muted: track.muted || this.#cut.has(track.trackId) }));
  }

  get participant(): Participant {
    const { id, userId, role } = this.session;
    const metadata = this.#metadata;
    return { sessionId: id, userId, role, tracks: this.shown, ...(metadata && { metadata }) };
  }

  get publishes(): boolean {
    return this.#tracks.length > 0;
  }

  track(trackId: string): Track | undefined {
    return this.#tracks.find((track) => track.trackId === trackId);
  }

  publishesUnder(streamId: string): boolean {
    return this.#tracks.some((track) => track.streamId === streamId);
  }

  /** Takes over the tracks of an accepted offer; keeps the `muted` flags that the client reported. */
  publish({ tracks: offered, cut, renamed = NONE }: Offered): TrackDifference {
    const reported = new Map(
      this.#tracks.map(({ trackId, muted }) => [renamed.get(trackId) ?? trackId, muted]),
    );
    const before = new Map(this.shown.map((track) => [track.trackId, track]));
    this.#tracks = offered.map((track) => ({ ...track, muted: reported.get(track.trackId) ?? track.muted }));
    this.#cut = cut;
    const tracks = this.shown;
    const after = new Set(tracks.map(({ trackId }) => trackId));
    return {
      removed: [...before.values()]
        .filter(({ trackId }) => !after.has(trackId))
        .map((track) => withSuccessor(track, renamed.get(track.trackId))),
      updated: tracks.filter((track) => {
        const earlier = before.get(track.trackId);
        return earlier !== undefined && !isSame(earlier, track);
      }),
      added: tracks.filter(({ trackId }) => !before.has(trackId)),
    };
  }

  /** @returns the tracks whose visible state has changed */
  mute(tracks: NonNullable<ParticipantUpdate['tracks']>): Track[] {
    const reported = new Map(tracks.map(({ trackId, muted }) => [trackId, muted]));
    const before = this.shown;
    this.#tracks = this.#tracks.map((track) => ({
      ...track,
      muted: reported.get(track.trackId) ?? track.muted,
    }));
    return this.shown.filter((track, index) => track.muted !== before[index]?.muted);
  }

  describe(metadata: Metadata): void {
    this.#metadata = metadata;
  }
}

function withSuccessor(track: Track, replacedBy: string | undefined): Track {
  return replacedBy === undefined ? track : { ...track, replacedBy };
}

function isSame(one: Track, other: Track): boolean {
  return (
    one.kind === other.kind &&
    one.streamId === other.streamId &&
    one.muted === other.muted &&
    one.layers.join() === other.layers.join()
  );
}
