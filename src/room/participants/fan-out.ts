/** A member of a room that is notified. */
interface Recipient {
  readonly hasLeft: boolean;
  /** The number of the first notification that it has not got; maintained by the fan-out. */
  since: number;
}

/** Recipients that one turn of the event loop notifies. */
const SLICE = 500;
/** Notifications that may wait. Beyond them a turn handles more, which slows down those who cause them. */
const MAX_WAITING = 32;

/** One notification on its way to those who were there when it was made. */
interface Notification<Member extends Recipient> {
  readonly number: number;
  readonly members: Iterator<Member>;
  /** Undefined: all members. */
  readonly only: ReadonlySet<Member> | undefined;
  readonly notify: (member: Member) => void;
}

/**
 * Notifies the members of a room of one thing after the other. In a large room that takes several turns of the event loop: what is
 * told meanwhile waits, so that all get everything in one order.
 */
export class FanOut<Member extends Recipient> {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #slice: number;
  readonly #queue: Notification<Member>[] = [];
  #isRunning = false;
  #count = 0;
  /** The member that is being notified. */
  #current: Member | undefined;

  constructor(members: ReadonlyMap<string, Member>, slice = SLICE) {
    this.#members = members;
    this.#slice = slice;
  }

  /** The number of members. */
  get size(): number {
    return this.#members.size;
  }

  /** The number of notifications so far. */
  get count(): number {
    return this.#count;
  }

  /** The number of notifications that all their recipients have got. */
  get doneCount(): number {
    return this.#queue[0]?.number ?? this.#count;
  }

  /** Calls `notify`, which must not throw, for each member that is there now and does not leave meanwhile. */
  toAll(notify: (member: Member) => void): void {
    this.#add(this.#members.values(), undefined, notify);
  }

  /** As `toAll`, for some of the members: a set that does not change. */
  toSome(members: ReadonlySet<Member>, notify: (member: Member) => void): void {
    this.#add(members.values(), members, notify);
  }

  /** Notifies a member now of what is on its way to it: it is about to leave, or to be shown the room as it is. */
  catchUp(member: Member): void {
    // Its listener has caused this: what it hears of has to end first.
    if (member === this.#current) return;
    for (const notification of [...this.#queue]) {
      if (notification.only?.has(member) !== false) this.#notify(member, notification);
    }
  }

  #add(
    members: Iterator<Member>,
    only: ReadonlySet<Member> | undefined,
    notify: (member: Member) => void,
  ): void {
    this.#queue.push({ number: this.#count, members, only, notify });
    this.#count += 1;
    // A listener may leave the room, or send to it: that is told once everybody has heard the current one.
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#run();
  }

  #run(): void {
    let left = this.#slice * Math.ceil(this.#queue.length / MAX_WAITING);
    for (;;) {
      const [first] = this.#queue;
      if (!first) break;
      left = this.#notifySome(first, left);
      if (left === 0) {
        setImmediate(() => this.#run());
        return;
      }
      this.#queue.shift();
    }
    this.#isRunning = false;
  }

  /** Returns how many of `most` were not used up: 0 where there are further recipients. */
  #notifySome(notification: Notification<Member>, most: number): number {
    for (let left = most; left > 0; left -= 1) {
      const { done, value } = notification.members.next();
      if (done) return left;
      this.#notify(value, notification);
    }
    return 0;
  }

  #notify(member: Member, { number, notify }: Notification<Member>): void {
    // A Map's iterator comes last to those who have joined meanwhile.
    if (member.hasLeft || member.since > number) return;
    member.since = number + 1;
    const before = this.#current;
    this.#current = member;
    notify(member);
    this.#current = before;
  }
}
