import type { Audience, ParticipantsEvent } from '../../protocol/room-events.js';
import { noop } from '../../util/noop.js';
import type { FanOut } from './fan-out.js';
import { Listing } from './listing.js';
import { OpenPages } from './open-pages.js';
import { ListedChanges, PendingChanges } from './pending-changes.js';
import type { RoomMember } from './room-member.js';

/** How a room tells its members of each other. */
export interface ParticipantPolicy {
  /** Listed participants above which viewers are counted. */
  maxListedParticipants: number;
  /** ms between two events for viewers who come, go and change; 0: none. */
  participantsIntervalMs: number;
}

export const DEFAULT_PARTICIPANT_POLICY: ParticipantPolicy = {
  maxListedParticipants: 100,
  participantsIntervalMs: 250,
};

/** The length of the JSON of an event's participants: below every client's limit of a message. */
const MAX_EVENT_BYTES = 32 * 1024;
/** The intervals for which the count of a large audience may wait while it changes little: by less than this part. */
const AUDIENCE_INTERVALS = 6;
const LITTLE = 0.02;

/**
 * Tells the members of a room who comes, goes and changes. Changes of viewers are gathered; those of participants who publish or
 * moderate are told at once, with what was gathered before.
 */
export class ParticipantNotifier {
  readonly listing: Listing;
  readonly #policy: ParticipantPolicy;
  readonly #fanOut: FanOut<RoomMember>;
  readonly #pending = new PendingChanges();
  /** Made by the first page. */
  #pages: OpenPages | undefined;
  /** Members that have left, and are still on pages. */
  #departed: RoomMember[] = [];
  #revision = 0;
  /** What the members have been told. */
  #told = { revision: 0, audience: 0 };
  /** The count is to be told even if it is the one that was told last: a client was shown another one, or it has changed twice. */
  #hasShownCount = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, by `performance.now()`. */
  #due = 0;
  /** The number of the first notification after the newest event. */
  #sent = 0;
  /** How often a member was listed, or ceased to be. */
  #moves = 0;
  #isSilent = false;

  /** Participants that are counted, and are no members here. */
  #unknown = 0;

  /** `onMove` is called before a member is listed, or ceases to be. */
  constructor(
    policy: ParticipantPolicy,
    fanOut: FanOut<RoomMember>,
    onMove: (member: RoomMember) => void = noop,
  ) {
    this.#policy = policy;
    this.#fanOut = fanOut;
    this.listing = new Listing(policy.maxListedParticipants, (member) => {
      this.#moves += 1;
      this.#pending.moves(member);
      onMove(member);
    });
  }

  /** The number of changes so far. */
  get revision(): number {
    return this.#revision;
  }

  get audience(): Audience {
    return { count: this.listing.audienceCount + this.#unknown };
  }

  /** Sets the number of participants that are counted, and are no members here. */
  setUnknown(count: number): void {
    if (count === this.#unknown) return;
    this.#unknown = count;
    this.#revision += 1;
    this.#hasShownCount = true;
    if (!this.#isSilent) this.#flushWithin(this.#audienceIntervalMs);
  }

  /** Later revisions are greater than this one. */
  raise(revision: number): void {
    if (revision <= this.#revision) return;
    this.#told.revision += revision - this.#revision;
    this.#revision = revision;
  }

  joined(member: RoomMember): void {
    if (member.session.hidden) return;
    this.#pending.joined(member);
    this.listing.add(member);
    this.#changed(member);
  }

  left(member: RoomMember): void {
    if (this.#pages) this.#departed.push(member);
    if (member.session.hidden) return;
    this.#pending.left(member);
    this.listing.delete(member);
    this.#changed(member);
  }

  /** The metadata or the role of a member differ. */
  updated(member: RoomMember): void {
    if (member.session.hidden) return;
    this.#pending.touch(member);
    this.listing.update(member);
    this.#changed(member);
  }

  /** As `updated`, but never told at once, whoever it is: the network of many may fail at the same time. */
  connectionChanged(member: RoomMember): void {
    if (member.session.hidden) return;
    this.#pending.touch(member);
    this.#revision += 1;
    if (!this.#isSilent) this.#flushWithin(this.#intervalOf(member));
  }

  /** A member may have become a moderator, or be one no longer. */
  relisted(member: RoomMember): void {
    if (member.session.hidden) return;
    this.#relist(member, () => this.listing.update(member));
  }

  /** The member has written to the room: it is listed from now on. */
  wrote(member: RoomMember): void {
    if (member.session.hidden) return;
    this.#relist(member, () => this.listing.raise(member));
  }

  /** The tracks of a member have changed: returns the revision of the change. What was gathered before is told first. */
  tracksChanged(member: RoomMember): number {
    this.listing.update(member);
    // To be listed, or not any more, is a change of its own.
    if (!this.#pending.isEmpty && this.#revision === this.#told.revision) this.#revision += 1;
    this.flush();
    this.#revision += 1;
    this.#told.revision = this.#revision;
    return this.#revision;
  }

  /** The member gets the changes of these other ones. */
  turnPage(member: RoomMember, page: Set<RoomMember>): void {
    this.#pages ??= new OpenPages();
    this.#pages.open(member, page);
  }

  /** Tells the members what has been gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if ((this.#pending.isEmpty && !this.#hasShownCount) || this.#isSilent) return;
    this.#toldAt = performance.now();
    const { subject } = this.#pending;
    if (this.#isAlone(subject)) return;
    const { listed, unlisted } = this.#pending.take();
    const events = this.#eventsOf(listed);
    for (const event of events)
      this.#fanOut.toAll((member) => {
        if (member !== subject || event.audience) member.session.emitter.notifyParticipants(event);
      });
    this.#tellPages(unlisted);
    this.#sent = this.#fanOut.count;
  }

  #tellPages(changed: ReadonlyMap<RoomMember, { readonly hasLeft: boolean }>): void {
    if (!this.#pages) return;
    const { revision } = this;
    const changes = this.#pages.changes(changed, MAX_EVENT_BYTES);
    for (const member of this.#departed) this.#pages.forget(member);
    this.#departed = [];
    if (changes.size === 0) return;
    /** One for all viewers who get it: it is encoded once. */
    const events = new Map<object, ParticipantsEvent>();
    for (const page of new Set([...changes.values()].flat()))
      events.set(page, { from: revision, revision, page });
    this.#fanOut.toSome(new Set(changes.keys()), (viewer) => {
      for (const page of changes.get(viewer) ?? [])
        viewer.session.emitter.notifyParticipants(events.get(page) as ParticipantsEvent);
    });
  }

  /** Everybody is about to leave: nobody needs to be told. */
  silence(): void {
    this.#isSilent = true;
    clearTimeout(this.#timer);
  }

  /** A joining client is shown the room as it is now: what it has seen, and what changes before the next event, it has to be told. */
  shown(): void {
    if (this.#pending.isEmpty) return;
    this.#pending.shown();
    if (this.audience.count !== this.#told.audience) this.#hasShownCount = true;
  }

  /** The events that tell a new member of the listed ones that its join's result has no room for. */
  restOf(members: readonly RoomMember[]): ParticipantsEvent[] {
    if (members.length === 0) return [];
    const changes = new ListedChanges();
    for (const member of members) changes.list('listed', member);
    const { revision } = this;
    return [...changes.parts(MAX_EVENT_BYTES)].map((part) => ({ from: revision, revision, ...part }));
  }

  /** Whether there is nobody to tell: many rooms have one participant, or none. Nothing is pending then. */
  #isAlone(subject: RoomMember | undefined): boolean {
    const { size } = this.#fanOut;
    const { count } = this.audience;
    const isNewCount = this.#hasShownCount || count !== this.#told.audience;
    if (size > 1 || (size === 1 && (!subject || subject.hasLeft || isNewCount))) return false;
    this.#pending.clear();
    this.#tell(count);
    return true;
  }

  #eventsOf(listed: ListedChanges): ParticipantsEvent[] {
    const { revision, audience } = this;
    const { revision: from, audience: before } = this.#told;
    const isNewCount = this.#hasShownCount || audience.count !== before;
    const events: ParticipantsEvent[] = [];
    for (const part of listed.parts(MAX_EVENT_BYTES)) events.push({ from, revision, ...part });
    if (isNewCount) {
      const last = events.at(-1);
      if (last) last.audience = audience;
      else events.push({ from, revision, audience });
    }
    if (events.length > 0) this.#tell(audience.count);
    return events;
  }

  #tell(audience: number): void {
    this.#told = { revision: this.#revision, audience };
    this.#hasShownCount = false;
  }

  /** Where one member takes a place on the list, or leaves one, another one may move. */
  #relist(member: RoomMember, act: () => void): void {
    const before = this.#moves;
    act();
    if (this.#moves !== before) this.#changed(member);
  }

  #changed(member: RoomMember): void {
    this.#revision += 1;
    if (this.#isSilent) return;
    const { maxListedParticipants, participantsIntervalMs } = this.#policy;
    const waitedMs = performance.now() - this.#toldAt;
    // In a small room the first one after a pause is told at once. In a large one many come and go: a burst is one event.
    const isFirst = this.#fanOut.size <= maxListedParticipants && waitedMs >= participantsIntervalMs;
    if (member.isPinned || isFirst || participantsIntervalMs === 0) this.flush();
    else this.#flushWithin(this.#intervalOf(member));
  }

  #intervalOf(member: RoomMember): number {
    return member.isListed ? this.#policy.participantsIntervalMs : this.#audienceIntervalMs;
  }

  /** To tell everybody a new count is most of what a join costs in a large room: a count that is nearly right can wait. */
  get #audienceIntervalMs(): number {
    const { maxListedParticipants, participantsIntervalMs } = this.#policy;
    const isLarge = this.#fanOut.size + this.#unknown > 10 * maxListedParticipants;
    const difference = Math.abs(this.audience.count - this.#told.audience);
    const isNearlyRight = isLarge && difference < LITTLE * this.#told.audience;
    return isNearlyRight ? AUDIENCE_INTERVALS * participantsIntervalMs : participantsIntervalMs;
  }

  #flushWithin(ms: number): void {
    const due = performance.now() + ms;
    if (this.#timer && this.#due <= due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#tick(), ms).unref();
  }

  #tick(): void {
    this.#timer = undefined;
    // An event that is on its way to thousands is not followed by another one.
    if (this.#fanOut.doneCount >= this.#sent) this.flush();
    else this.#flushWithin(this.#policy.participantsIntervalMs);
  }
}
