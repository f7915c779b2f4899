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

/** What a room needs of the sessions in it. */
export interface Member {
  readonly id: string;
  readonly userId: string;
  readonly role: Participant['role'];
  readonly hidden: boolean;
  notifyParticipants(event: ParticipantsEvent): void;
  notifyTracks(event: TracksEvent): void;
  notifyMessage(message: RoomMessage, mayDrop: boolean): void;
  notifyDeletion(deletion: MessageDeletion): void;
}

/** What a member's newest accepted offer publishes. */
export interface Offered {
  readonly tracks: readonly Track[];
  /** Those that are cut off, by their ids. */
  readonly cut: ReadonlySet<string>;
  /** New ids, by those that the same tracks have had. */
  readonly renamed?: ReadonlyMap<string, string>;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** What the others are told when somebody's tracks become other ones. */
export interface TrackChanges {
  removed: Track[];
  updated: Track[];
  added: Track[];
}

/** One participant: what it publishes and says of itself, as the others know it. */
export class Seat {
  readonly member: Member;
  /** `muted` is what the member says of them. */
  #tracks: readonly Track[];
  /** Those of them, by their ids, that a moderator has cut off. */
  #cut: ReadonlySet<string>;
  #metadata: Metadata | undefined;

  constructor(member: Member, tracks: readonly Track[], cut: ReadonlySet<string>, metadata?: Metadata) {
    this.member = member;
    this.#tracks = tracks;
    this.#cut = cut;
    this.#metadata = metadata;
  }

  /** Its tracks as the others know them. */
  get shown(): Track[] {
    return this.#tracks.map((track) => ({ ...track, muted: track.muted || this.#cut.has(track.trackId) }));
  }

  get participant(): Participant {
    const { id, userId, role } = this.member;
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

  /** What it publishes now; what it has said of a track stays said. */
  publish({ tracks: offered, cut, renamed = NONE }: Offered): TrackChanges {
    const said = new Map(this.#tracks.map(({ trackId, muted }) => [renamed.get(trackId) ?? trackId, muted]));
    const before = new Map(this.shown.map((track) => [track.trackId, track]));
    this.#tracks = offered.map((track) => ({ ...track, muted: said.get(track.trackId) ?? track.muted }));
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

  /** @returns the tracks that the others see changed. */
  mute(tracks: NonNullable<ParticipantUpdate['tracks']>): Track[] {
    const said = new Map(tracks.map(({ trackId, muted }) => [trackId, muted]));
    const before = this.shown;
    this.#tracks = this.#tracks.map((track) => ({ ...track, muted: said.get(track.trackId) ?? track.muted }));
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
