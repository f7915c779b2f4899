import type { ParticipantsEvent, TracksEvent } from '../../protocol/room-events.js';
import type {
  Grants,
  MessageDeletion,
  Metadata,
  Participant,
  ParticipantUpdate,
  RoomMessage,
  Track,
} from '../../protocol/types.js';

/** A session in a room. */
export interface RoomSession {
  readonly id: string;
  readonly userId: string;
  readonly role: Participant['role'];
  readonly hidden: boolean;
  /** Whether the application chose the user id, not the client. */
  readonly isNamed?: boolean;
  /** The id of the session of the same client in this room that this one replaces. */
  readonly replaces?: string | undefined;
  readonly grants: Readonly<Grants>;
  readonly emitter: RoomEvents;
}

/** What a room notifies its sessions of. */
export interface RoomEvents {
  notifyParticipants(event: ParticipantsEvent): void;
  notifyTracks(event: TracksEvent): void;
  notifyMessage(message: RoomMessage, mayDrop: boolean): void;
  notifyRoom(state: { locked: boolean }): void;
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
  /** Another one, when the session changes its process. */
  session: RoomSession;
  /** Greater than those of all members that came before. */
  readonly order: number;
  /** Whether the others list it; maintained by the room's listing. */
  isListed = false;
  hasLeft = false;
  /** The number of the room's first notification that it has not got; maintained by the fan-out. */
  since = 0;
  #role: Participant['role'];
  #entry: { participant: Participant; bytes: number } | undefined;
  /** `muted` as the client reports it. */
  #tracks: readonly Track[];
  /** New track ids by old ones: of its last two peers, as whoever is told late may know the ids of the first. */
  #renamed: Readonly<Record<string, string>> | undefined;
  #lastRenamed = NONE;
  /** The ids of tracks that a moderator has muted. */
  #cut: ReadonlySet<string>;
  #metadata: Metadata | undefined;
  #connection: Participant['connection'];
  #searchedText: string | undefined;

  constructor(session: RoomSession, order: number, { tracks, cut }: Offered, metadata?: Metadata) {
    this.session = session;
    this.order = order;
    this.#role = session.role;
    this.#tracks = tracks;
    this.#cut = cut;
    this.#metadata = metadata;
  }

  /** The user id and the texts of the metadata in lower case, in which queries are looked for. Kept, as it may be long. */
  get searchedText(): string {
    if (this.#searchedText === undefined) {
      const values = [this.session.userId, ...Object.values(this.#metadata ?? {})];
      this.#searchedText = values
        .filter((value) => typeof value === 'string')
        .join('\n')
        .toLowerCase();
    }
    return this.#searchedText;
  }

  get userId(): string {
    return this.session.userId;
  }

  /** Whether it is listed in any case: who publishes or moderates. */
  get isPinned(): boolean {
    return this.publishes || this.session.grants.roomAdmin === true;
  }

  /** What the others see, shared by all events and results until it changes, and the length of its JSON. */
  get entry(): { readonly participant: Participant; readonly bytes: number } {
    if (!this.#entry) {
      const { participant } = this;
      this.#entry = { participant, bytes: Buffer.byteLength(JSON.stringify(participant)) };
    }
    return this.#entry;
  }

  /** The role or the grants of its session have changed: returns whether the others can see it. */
  permissionsChanged(): boolean {
    const { role } = this.session;
    if (role === this.#role) return false;
    this.#role = role;
    this.#entry = undefined;
    return true;
  }

  /** The tracks as the other members see them. */
  get shown(): Track[] {
    return this.#tracks.map((track) => withMuted(track, track.muted || this.#cut.has(track.trackId)));
  }

  get participant(): Participant {
    const { id, userId, role } = this.session;
    const participant: Participant = { sessionId: id, userId, role, tracks: this.shown };
    if (this.#metadata) participant.metadata = this.#metadata;
    if (this.#connection) participant.connection = this.#connection;
    return participant;
  }

  get publishes(): boolean {
    return this.#tracks.length > 0;
  }

  get renamed(): Readonly<Record<string, string>> | undefined {
    return this.#renamed;
  }

  /** As the client reports them. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  track(trackId: string): Track | undefined {
    return this.#tracks.find((track) => track.trackId === trackId);
  }

  /** Takes over the tracks of an accepted offer; keeps the `muted` flags that the client reported. */
  publish({ tracks: offered, cut, renamed = NONE }: Offered): TrackDifference {
    const reported = new Map(
      this.#tracks.map(({ trackId, muted }) => [renamed.get(trackId) ?? trackId, muted]),
    );
    const before = new Map(this.shown.map((track) => [track.trackId, track]));
    if (renamed.size > 0) {
      const earlier = [...this.#lastRenamed].map(([from, to]) => [from, renamed.get(to) ?? to] as const);
      this.#renamed = Object.fromEntries([...earlier, ...renamed]);
      this.#lastRenamed = renamed;
    }
    this.#tracks = offered.map((track) => withMuted(track, reported.get(track.trackId) ?? track.muted));
    this.#cut = cut;
    const tracks = this.shown;
    const after = new Set(tracks.map(({ trackId }) => trackId));
    const difference = {
      removed: [...before.values()]
        .filter(({ trackId }) => !after.has(trackId))
        .map((track) => withSuccessor(track, renamed.get(track.trackId))),
      updated: tracks.filter((track) => {
        const earlier = before.get(track.trackId);
        return earlier !== undefined && !isSame(earlier, track);
      }),
      added: tracks.filter(({ trackId }) => !before.has(trackId)),
    };
    // An offer that changes nothing, such as that of an ICE restart, is no news for the others.
    const hasChanged = Object.values(difference).some((changed) => changed.length > 0);
    if (hasChanged || renamed.size > 0) this.#entry = undefined;
    return difference;
  }

  /** The same tracks, as another process knows them. */
  assume(session: RoomSession, { tracks, cut }: Offered): void {
    this.session = session;
    this.#tracks = tracks;
    this.#cut = cut;
    this.#entry = undefined;
  }

  get metadata(): Metadata | undefined {
    return this.#metadata;
  }

  /** @returns the tracks whose visible state has changed */
  mute(tracks: NonNullable<ParticipantUpdate['tracks']>): Track[] {
    const reported = new Map(tracks.map(({ trackId, muted }) => [trackId, muted]));
    const before = this.shown;
    this.#entry = undefined;
    this.#tracks = this.#tracks.map((track) => withMuted(track, reported.get(track.trackId) ?? track.muted));
    return this.shown.filter((track, index) => track.muted !== before[index]?.muted);
  }

  /** The client has lost its connection, or has another one: returns whether the others don't know that yet. */
  setConnection(connection: NonNullable<Participant['connection']>): boolean {
    if (connection === this.#connection) return false;
    this.#connection = connection;
    this.#entry = undefined;
    return true;
  }

  describe(metadata: Metadata): void {
    this.#metadata = metadata;
    this.#searchedText = undefined;
    this.#entry = undefined;
  }
}

/** Member by member: V8 takes its slow path for a spread, at every join. */
function withMuted({ trackId, streamId, kind, layers }: Track, muted: boolean): Track {
  return { trackId, streamId, kind, layers, muted };
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
