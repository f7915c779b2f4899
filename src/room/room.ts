import type { Backplane, RoomLog, RoomSink } from '../backplane/backplane.js';
import { type BanOptions, type BanStore, MemoryBans } from '../backplane/ban-store.js';
import type { RoomJournal } from '../backplane/journal.js';
import { openLog } from '../backplane/late-log.js';
import { memoryBackplane } from '../backplane/memory/memory-backplane.js';
import type { SharedGate } from '../backplane/shared-gate.js';
import { checkDraft } from '../messages/draft.js';
import { RoomMessages } from '../messages/room-messages.js';
import { checkId } from '../protocol/ids.js';
import type { Audience } from '../protocol/room-events.js';
import type {
  MessageReceipt,
  MuteTarget,
  OutgoingMessage,
  Participant,
  RoomMessage,
  Track,
} from '../protocol/types.js';
import { Moderation } from './moderation/moderation.js';
import { Occupancy } from './occupancy.js';
import type { PagesElsewhere } from './participants/pages-elsewhere.js';
import { DEFAULT_PARTICIPANT_POLICY, type ParticipantPolicy } from './participants/participant-notifier.js';
import type { Publishers } from './participants/publishers.js';
import { RoomMembers } from './participants/room-members.js';

/** Shares a room with other processes. */
export interface RoomShare extends RoomSink {
  /** The last session has left: calls back when everybody has been told. */
  close(closed: () => void): void;
}

/** Tells the processes that share a room whose the sessions of this one are. */
interface OwnerDirectory {
  tell(sessionId: string, roomId: string, proof: { userId: string | undefined; hashes: string[] }): void;
  left(sessionId: string, processId: string): void;
}

/**
 * A room of this relay: its participants, messages and moderation. Ion announces a peer's first tracks only, and to every
 * room, so the relay reads tracks from the publishers' offers once the SFU has accepted them.
 * @category Room
 */
export class Room {
  readonly id: string;
  /** @internal The fields that the processes of the room share, and their changes. */
  readonly log: RoomLog;
  /** @internal Changes the log by what need not wait for the other processes. */
  readonly journal: RoomJournal;
  /** @internal Settles when the log is open; undefined where it was at once. */
  readonly opened: Promise<unknown> | undefined;
  /** @internal */
  readonly messages: RoomMessages;
  /** @internal */
  readonly members: RoomMembers;
  /** @internal */
  readonly moderation: Moderation;
  /** @internal */
  readonly occupancy: Occupancy;
  /** @internal Undefined where no other process shares the room. */
  gate: SharedGate | undefined;
  /** @internal Undefined where no other process shares the room. */
  directory: OwnerDirectory | undefined;
  /** @internal Undefined where no other process shares the room. */
  pagesElsewhere: PagesElsewhere | undefined;
  /** @internal Sessions that are joining, joined or closing. The relay keeps the room while there are any. */
  sessionCount = 0;
  readonly #share: RoomShare | undefined;

  /** @internal */
  constructor(
    id: string,
    messages = new RoomMessages(id, { kinds: new Map() }),
    bans: BanStore = new MemoryBans(),
    policy: ParticipantPolicy = DEFAULT_PARTICIPANT_POLICY,
    occupancy = new Occupancy(),
    backplane: Backplane = memoryBackplane(),
    share?: (room: Room) => RoomShare,
  ) {
    this.id = id;
    this.occupancy = occupancy;
    this.members = new RoomMembers(policy);
    this.moderation = new Moderation(this, bans);
    this.messages = messages;
    messages.recipients = this.members;
    this.#share = share?.(this);
    const { log, journal, opened } = openLog(backplane, id, this.#share ?? this.moderation);
    this.log = log;
    this.journal = journal;
    this.opened = opened;
  }

  /** @internal The last session has left. */
  close(): void {
    const close = () => this.journal.close(() => this.log.close());
    if (this.#share) this.#share.close(close);
    else close();
  }

  /**
   * Sends a message of the server to the room, or with `to` to one user. Its kind is one of the option `messages`.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_TOO_LARGE`
   */
  async send(message: OutgoingMessage): Promise<MessageReceipt> {
    checkDraft('room.send', message);
    return this.messages.send(message);
  }

  /** Deletes a message from the history, and notifies the room. */
  deleteMessage(messageId: string): void | Promise<void> {
    return this.messages.delete(checkId(messageId, 'messageId'));
  }

  /** What a joining client receives: the newest messages of kinds with a history, and the totals of counted kinds. */
  get recentMessages(): RoomMessage[] {
    return this.messages.recent;
  }

  /** The address of the SFU node that serves the room; undefined in the mode `standalone`, and before the first join. */
  get node(): string | undefined {
    return this.log.state.node;
  }

  /** The number of changes of participants and tracks so far. */
  get revision(): number {
    return this.members.revision;
  }

  /** The number of joined sessions, hidden ones included. */
  get size(): number {
    return this.members.size;
  }

  /** The viewers that clients count instead of listing them: 0 in a small room. */
  get audience(): Audience {
    return this.members.audience;
  }

  /** All visible participants, with their tracks. The list is made for each call, and is long in a large room. */
  get participants(): Participant[] {
    return this.members.others('');
  }

  /** Visible participants but for one session, with their tracks. */
  others(sessionId: string): Participant[] {
    return this.members.others(sessionId);
  }

  tracksOf(sessionId: string): readonly Track[] {
    return this.members.tracksOf(sessionId);
  }

  /** @internal */
  get publishers(): Publishers {
    return this.members.publishers;
  }

  /** The track and its publisher; undefined where the room has no track of that id. */
  findTrack(trackId: string): { track: Track; sessionId: string } | undefined {
    return this.publishers.findTrack(trackId);
  }

  /** The session that publishes a stream. No session owns `-`, which stands for "no stream" (RFC 8830). */
  ownerOfStream(streamId: string): string | undefined {
    return streamId === '-' ? undefined : this.publishers.ownerOfStream(streamId);
  }

  /** Whether the room is closed to new users; see {@link Room.lock}. */
  get locked(): boolean {
    return this.moderation.isLocked;
  }

  /**
   * Disconnects a user from the room (close code 4403). The user may join again; `ban` prevents that.
   * @param options `reason`: shown to the user, up to 100 characters
   * @returns when the user's streams on the SFU have ended
   */
  kick(userId: string, options: { reason?: string } = {}): Promise<void> {
    return this.moderation.kick(userId, options);
  }

  /**
   * Disconnects a user and refuses further joins, whatever the user's token grants, even after the room was empty. A ban
   * applies to a user id: return `userId` from `authenticate`, or the client can come back under another one.
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`, `ERR_RELAY_TOO_MANY`, or the rejection of the store
   */
  ban(userId: string, options: BanOptions = {}): Promise<void> {
    return this.moderation.ban(userId, options);
  }

  unban(userId: string): Promise<void> {
    return this.moderation.unban(userId);
  }

  /**
   * Mutes a track at the SFU, whatever its publisher goes on sending: `{ trackId }`. `{ userId, kind? }` mutes all present
   * and future tracks of a user for the life of the room.
   * @returns when the SFU no longer forwards the media
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS` where there is no such track, `ERR_RELAY_TOO_MANY`
   */
  mute(target: MuteTarget): Promise<void> {
    return this.moderation.mute(target);
  }

  /** Reverts `mute`. `{ userId }` also unmutes the user's tracks that were muted one by one. */
  unmute(target: MuteTarget): Promise<void> {
    return this.moderation.unmute(target);
  }

  /**
   * Refuses new users until `unlock` or the end of the room. Moderators may join, and users who are in the room now may
   * reconnect, if `authenticate` returned their `userId`.
   */
  lock(): void | Promise<void> {
    return this.moderation.lock();
  }

  unlock(): void | Promise<void> {
    return this.moderation.unlock();
  }

  /**
   * Ends the room: disconnects everybody, joining clients included (close code 4410). A later join creates a new room of the
   * same id, without the messages of this one.
   */
  end(options: { reason?: string } = {}): Promise<void> {
    return this.moderation.end(options);
  }
}
