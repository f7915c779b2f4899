import type { RelayError } from '../protocol/errors.js';
import type { MessageDeletion, Participant, RoomMessage } from '../protocol/types.js';
import type { CancelSignal } from '../util/cancellation.js';
import type { Outage } from './outage.js';
import type { GateState } from './shared-gate.js';

/** Over a network a promise; in memory the value, so that a single process waits for nothing. */
export type MaybePromise<Value> = Value | Promise<Value>;

/**
 * Whether a backplane can be used.
 * @category Cluster
 */
export interface BackplaneStatus {
  /** Whether the newest command was answered in time. */
  commands: 'up' | 'down';
  /** Whether the process hears what others publish. */
  subscription: 'up' | 'down';
  /** Why commands are not answered. */
  error?: unknown;
}

/**
 * The state that relay processes share: rooms, the live processes, exact counts, short-lived values, texts to other processes.
 * Each process has a backplane of its own. No process owns a room: the backplane puts its changes in order.
 *
 * `redisBackplane()` of `sfu-relay/redis` makes one.
 * @category Cluster
 */
export interface Backplane {
  /** Undefined if it can always be used. */
  readonly status?: BackplaneStatus;
  /** @internal Undefined if it is never away. */
  readonly outage?: Outage;
  /**
   * @internal
   * Announces this process, or announces it again after its membership was lost.
   * @param receive takes the texts that processes send to this one
   */
  enter(card: ProcessCard, receive: (text: string) => void): MaybePromise<Membership>;
  /** @internal The cards of the live processes. */
  processes(): readonly ProcessCard[];
  /**
   * @internal
   * The log of a room. The room exists as long as a process has its log open.
   * @throws RelayError `ERR_RELAY_CLOSED`
   */
  open(roomId: string, sink: RoomSink): MaybePromise<RoomLog>;
  /** @internal Counts `id` in the scope, once however often it is reserved. @returns false where the scope has `max` others */
  reserve(scope: string, id: string, max: number): MaybePromise<boolean>;
  /** @internal Reverts `reserve`; the end of the process does, too. */
  release(scope: string, id: string): void;
  /** @internal */
  put(key: string, value: string, ttlMs: number): MaybePromise<void>;
  /** @internal */
  get(key: string): MaybePromise<string | undefined>;
  /** @internal Sets a value that there is not yet, or in place of `last`, however many processes try. @returns the value that there is */
  claim(key: string, value: string, ttlMs: number, last?: string): MaybePromise<string>;
  /** @internal @returns false where there is no such process */
  send(processId: string, text: string): MaybePromise<boolean>;
  /** Closes the logs, and withdraws the card, what this process has reserved and the seats of its sessions. */
  close(): Promise<void>;
}

/** What a process tells the others of itself. */
export interface ProcessCard {
  /** New at every start. */
  readonly processId: string;
  /** The version of the format of its card and entries: two versions of the library coexist during a rolling deploy. */
  readonly format: number;
  /** The version of the library. */
  readonly version: string;
  /** The SFU nodes as this process sees them. */
  readonly nodes: readonly NodeCard[];
  /** No session comes to it any more. */
  readonly closing?: boolean;
}

export interface NodeCard {
  readonly serverUrl: string;
  readonly state: 'up' | 'down' | 'unknown';
  /** The streams that the process has there. */
  readonly streams: number;
}

/** A process among the others. */
export interface Membership {
  readonly processId: string;
  /** Grows with each `enter` of the process: an older membership of it is lost. */
  readonly fence: number;
  /** Aborts when the others may take this process for dead: what it commits from then on is refused. */
  readonly lost: CancelSignal;
  /** Replaces the card. */
  update(card: ProcessCard): void;
}

/** The fields of one room, changed by commits only. */
export interface RoomFields {
  /** The address of the SFU node; none before the first placement. */
  readonly node?: string | undefined;
  /** Counts placements: 0 before the first one. */
  readonly generation: number;
  /** The highest generation so far, where a cancelled move has returned the room to an earlier one. */
  readonly lastGeneration?: number | undefined;
  /** Whether the room is closed to new users. */
  readonly locked?: boolean | undefined;
  /** The users who may rejoin the locked room. */
  readonly regulars?: ReadonlyMap<string, true> | undefined;
  /** Why the room has ended. Nothing changes after that. */
  readonly end?: string | undefined;
  /** Muted track ids, each with the id that was muted first. A track that gets a new id has both for a while. */
  readonly mutedTracks?: ReadonlyMap<string, string> | undefined;
  /** Muted users; each key is `<kind> <userId>`. */
  readonly mutedUsers?: ReadonlyMap<string, true> | undefined;
  /** By session id, those who may append entries. */
  readonly seats?: ReadonlyMap<string, Seat> | undefined;
  /** By session id, why sessions have lost their seats: until their processes have ended them. */
  readonly removals?: ReadonlyMap<string, string> | undefined;
  /** By user id, the newest removals from the room: of sessions without a seat, too, and of processes that hear of it late. */
  readonly kicks?: ReadonlyMap<string, Kick> | undefined;
  /** By process id, how many visible participants it has that have no seat. */
  readonly audience?: ReadonlyMap<string, number> | undefined;
  /** By process and session id, the names of tracks and streams that it is about to publish: until its seat has them. */
  readonly claims?: ReadonlyMap<string, readonly string[]> | undefined;
  /** By generation and process id, what the process's peers do on the SFU. */
  readonly gates?: ReadonlyMap<string, GateState> | undefined;
  /** By kind, how many messages there were of a kind that is counted. */
  readonly totals?: ReadonlyMap<string, number> | undefined;
}

/** A session that all processes of the room know. */
export interface Seat {
  readonly userId: string;
  /** The process of the session: the seat ends with it. */
  readonly processId?: string;
  /** Whether the application chose the user id, not the client. */
  readonly isNamed?: boolean;
  /** Whether the other participants do not see it. */
  readonly hidden?: boolean;
  /** Whether it may moderate. */
  readonly moderates?: boolean;
  /** The session of the same client that it replaces: that one has no seat any more. */
  readonly replaces?: string;
  /** What the others see. */
  readonly participant?: Participant;
  /** The ids of its tracks, by the last ids that the same tracks had. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** The number of the change by which the room counted the session, where it was counted before it got the seat. */
  readonly since?: number;
}

/** A user was removed from the room. */
export interface Kick {
  /** Counts the removals of the room. Sessions that were admitted later stay. */
  readonly number: number;
  readonly reason: string;
}

/**
 * The fields to set. Undefined deletes a field; a map sets the entries that it has, and deletes those that it has as
 * undefined. A change without fields makes no entry.
 */
export type RoomChange = {
  readonly [Name in keyof RoomFields]?: NonNullable<RoomFields[Name]> extends ReadonlyMap<string, infer Value>
    ? ReadonlyMap<string, Value | undefined> | undefined
    : RoomFields[Name];
};

/** Why nothing has changed. */
export interface Refusal {
  readonly refused: RelayError;
}

/** `revision`: the number of changes of the room so far. */
export type Outcome =
  | {
      readonly revision: number;
      readonly change: RoomChange;
      /** Where the others hear of it later: what they make of it. Only this process has the change until then. */
      readonly later?: Promise<Outcome>;
      refused?: never;
    }
  | Refusal;

/** Decides on a change. It is pure: after a conflict with another process it runs again, on the newer state. */
export type Propose = (state: RoomFields) => RoomChange | Refusal;

/** What is told to a room, apart from its fields. */
export type RoomEntry =
  | {
      readonly message: RoomMessage;
      /** The user, and the kind and id, of a message that is processed once for all processes. */
      readonly once?: MessageKey;
    }
  | { readonly deletion: MessageDeletion }
  | { readonly count: MessageCount };

/** A user id; a kind and the id that the user has chosen. */
export type MessageKey = readonly [userId: string, id: string];

/** The number of messages of a kind since the last count. */
export interface MessageCount {
  readonly kind: string;
  readonly count: number;
}

/** Receives what happens to a room, in the same order in every process. */
export interface RoomSink {
  /** The whole state: before `open` has returned the log, and again where entries were lost. */
  snapshot(state: RoomFields, revision: number): void;
  /** One change. The state of the log may be ahead of it. */
  changed(change: RoomChange, revision: number): void;
  appended(sessionId: string | undefined, entry: RoomEntry): void;
}

/** The ordered changes of one room. */
export interface RoomLog {
  /** The newest state that this process knows; it changes with the room. */
  readonly state: RoomFields;
  /** Another one: all processes have left the room meanwhile, and it is a later one of the same id. Undefined until it is known. */
  readonly kin?: string | undefined;
  /**
   * Changes the room. The own sink is told of the change before the outcome, unless a sink commits: that change follows the
   * current one.
   * @param operation identifies the commit: one that is repeated, because its reply was lost, has the outcome of the first time
   * @returns refused where `propose` refuses, and with `ERR_RELAY_ROOM_ENDED` or `ERR_RELAY_CLOSED`
   */
  commit(propose: Propose, operation?: number): MaybePromise<Outcome>;
  /**
   * As `commit`. Refused where the session has no seat: nothing of a banned user follows the ban.
   * @param sessionId undefined: of the server, which needs no seat
   */
  append(sessionId: string | undefined, entry: RoomEntry, operation?: number): MaybePromise<Outcome>;
  close(): void;
}
