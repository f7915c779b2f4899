import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JoinResult } from '../../../src/client/index.js';
import { participantList } from '../../../src/client/room/participant-list.js';
import type { Grants, Participant, ParticipantsEvent, TracksEvent } from '../../../src/index.js';
import { chat } from '../../../src/messages/chat.js';
import { resolveKinds } from '../../../src/messages/message-kind.js';
import { RoomMessages } from '../../../src/messages/room-messages.js';
import type { ParticipantPolicy } from '../../../src/room/participants/participant-notifier.js';
import type { RoomEvents, RoomSession } from '../../../src/room/participants/room-member.js';
import { RoomMembers } from '../../../src/room/participants/room-members.js';
import { OrderedQueue } from '../../../src/util/ordered-queue.js';
import { joinResult } from '../client/participant.js';

const INTERVAL_MS = 250;
/** Everybody has a place of their own; the last one is seen by nobody. Some are sessions of one user. */
const PEOPLE = 9;
const HIDDEN = PEOPLE - 1;
const USERS = 6;
const MAX_HISTORY = 4;
const NOTHING: ReadonlySet<string> = new Set();

interface Step {
  who: number;
  what:
    | ('come or go' | 'describe' | 'publish' | 'update' | 'mute' | 'moderate' | 'page')
    | ('lose' | 'write' | 'whisper' | 'delete' | 'time' | 'turn');
  value: number;
}

const steps = fc.array(
  fc.record<Step>({
    who: fc.nat(PEOPLE - 1),
    what: fc.constantFrom(
      ...(['come or go', 'come or go', 'come or go', 'publish', 'update', 'mute', 'write', 'write'] as const),
      ...(['describe', 'moderate', 'page', 'lose', 'whisper', 'delete', 'time', 'turn', 'turn'] as const),
    ),
    value: fc.nat(7),
  }),
  { maxLength: 60, size: 'max' },
);

const policies = fc.record({
  maxListedParticipants: fc.constantFrom(3, 3, 2, 1, 0),
  participantsIntervalMs: fc.constantFrom(INTERVAL_MS, INTERVAL_MS, 0),
});

const tracksOf = (owner: string, value: number) =>
  [0, 1].filter((n) => value & (1 << n)).map((n) => trackOf(owner, n));

const trackOf = (owner: string, n: number) => ({
  ...{ trackId: `${owner}-${n}`, streamId: owner, layers: [], muted: false },
  kind: 'video' as const,
});

/** In no order: each by its id. */
const byId = (participants: Iterable<Participant>) =>
  Object.fromEntries(
    [...participants].map(({ tracks, ...rest }) => [
      rest.sessionId,
      { ...rest, tracks: Object.fromEntries(tracks.map((each) => [each.trackId, each])) },
    ]),
  );

/** A client, with what it makes of the results of its requests and of the events after them. */
class Client implements RoomSession, RoomEvents {
  readonly userId: string;
  readonly role = 'publisher';
  readonly hidden: boolean;
  readonly emitter = this;
  readonly roster = participantList();
  readonly page = new Map<string, Participant>();
  /** The messages that it has got, but for deleted ones. */
  heard: string[] = [];
  /** What it should have got. */
  written: string[] = [];
  grants: Grants = {};
  joined: JoinResult | undefined;
  /** Whether its connection serves it: it has the result of its join. */
  isServed = false;
  /** Whether the application listens to it, and has no picture to complete. */
  isDriven = false;
  #revision = 0;

  constructor(
    readonly id: string,
    who: number,
  ) {
    this.userId = `user-${who % USERS}`;
    this.hidden = who === HIDDEN;
  }

  /** The result of its join, or of a request for the state as it is; a part of it where there is no room for more. */
  describe(members: RoomMembers, messages: RoomMessages, value: number): void {
    members.catchUp(this.id);
    const { rest, ...snapshot } = members.snapshot(this.id, 150 * value);
    const recent = messages.recentWithin(200 * value);
    this.joined = { ...joinResult(), ...snapshot, sessionId: this.id };
    this.roster.reset(this.joined);
    this.page.clear();
    this.heard = recent.messages.map(({ id }) => id);
    this.isServed = true;
    this.#revision = snapshot.revision;
    for (const event of rest) this.notifyParticipants(event);
    for (const message of recent.rest) this.notifyMessage(message);
  }

  /** The application listens from the beginning. */
  drive(members: RoomMembers): void {
    this.isServed = true;
    this.isDriven = true;
    this.#revision = members.revision;
  }

  notifyParticipants(event: ParticipantsEvent): void {
    if (!this.isServed) return;
    const { from, revision, page, joined = [], listed = [], updated = [], left = [] } = event;
    // In order and without a gap, but for what was known with the result of the join, and one's own tracks.
    expect(from).toBeLessThanOrEqual(revision);
    expect(revision).toBeGreaterThanOrEqual(this.#revision);
    this.#revision = revision;
    this.roster.applyParticipants(event);
    for (const each of [...joined, ...listed, ...updated, ...(page?.updated ?? [])])
      if (this.page.has(each.sessionId)) this.page.set(each.sessionId, each);
    for (const id of [...left, ...(page?.left ?? [])]) this.page.delete(id);
  }

  notifyTracks(event: TracksEvent): void {
    if (!this.isServed) return;
    expect(event.revision).toBeGreaterThan(this.#revision);
    this.#revision = event.revision;
    expect(this.roster.applyTracks(event)).toBe(true);
    const paged = this.page.get(event.sessionId);
    const listed = this.roster.participants.get(event.sessionId);
    if (paged && listed) this.page.set(event.sessionId, listed);
  }

  notifyMessage({ id }: { id: string }): void {
    if (this.isServed) this.heard.push(id);
  }

  notifyDeletion({ deleted }: { deleted: string }): void {
    this.heard = this.heard.filter((id) => id !== deleted);
  }

  notifyRoom(): void {}
}

/** One room and those who come and go. */
class World {
  readonly members: RoomMembers;
  readonly messages = new RoomMessages('lobby', {
    kinds: resolveKinds({ chat: chat({ history: { maxMessages: MAX_HISTORY } }) }),
  });
  readonly clients: (Client | undefined)[] = Array(PEOPLE).fill(undefined);
  /** The ids of the messages that a newcomer gets. */
  #history: string[] = [];
  #count = 0;

  constructor(policy: ParticipantPolicy, slice: number) {
    this.members = new RoomMembers(policy, slice);
    this.messages.recipients = this.members;
  }

  play({ who, what, value }: Step): void {
    const { members, clients } = this;
    this.#count += 1;
    if (what === 'time') return void vi.advanceTimersByTime(100 * value);
    if (what === 'turn') return void vi.advanceTimersToNextTimer();
    const client = clients[who];
    if (what === 'come or go') clients[who] = client ? this.#leave(client) : this.#join(who, value);
    if (!client) return;
    if (what === 'describe') this.#describe(client, value);
    else if (what === 'publish')
      members.setTracks(client, { tracks: tracksOf(client.id, value), cut: NOTHING });
    else if (what === 'update') members.update(client, { metadata: { value } });
    else if (what === 'mute')
      members.update(client, {
        tracks: members.tracksOf(client.id).map(({ trackId }) => ({ trackId, muted: value > 3 })),
      });
    else if (what === 'moderate') {
      client.grants = { roomAdmin: value > 3 };
      members.permissionsChanged(client);
    } else if (what === 'page' && client.isServed) {
      const cursor = value > 4 ? String(value - 4) : undefined;
      const { participants } = members.page(client, { limit: value, ...(cursor && { cursor }) }, 1_000);
      client.page.clear();
      for (const each of participants) client.page.set(each.sessionId, each);
    } else if (what === 'write') this.#write(client);
    else if (what === 'lose') members.setConnection(client, value > 3 ? 'interrupted' : 'restored');
    else if (what === 'whisper') this.#write(client, `user-${value % USERS}`);
    else if (what === 'delete') this.#delete(this.#history[value % MAX_HISTORY]);
  }

  settle(): void {
    for (const client of this.clients) if (client && !client.isServed) this.#describe(client, 1);
    vi.advanceTimersByTime(10 * INTERVAL_MS);
  }

  /** Each client's picture is the room as it is. */
  expectConvergence(): void {
    const visible = this.clients.filter((client) => client && !client.hidden) as Client[];
    const all = byId(this.members.others(''));
    for (const client of this.clients) {
      if (!client) continue;
      expect(client.heard).toEqual(client.written);
      if (client.isDriven) continue;
      const picture = byId(client.roster.participants.values());
      const others = visible.filter((other) => other !== client);
      for (const { id, grants } of others)
        if (this.members.tracksOf(id).length > 0 || grants.roomAdmin) expect(picture).toHaveProperty([id]);
      for (const [id, participant] of Object.entries(picture)) expect(participant).toEqual(all[id]);
      const { count } = this.members.audience;
      expect(client.roster.audience).toEqual({ count });
      // Of oneself one knows, listed or counted.
      const isCounted = !client.hidden && Object.keys(picture).length + count === visible.length;
      expect(Object.keys(picture).length + count).toBe(others.length + (isCounted ? 1 : 0));
      expect(client.joined?.listed).toBe(!client.hidden && !isCounted);
      for (const [id, participant] of Object.entries(byId(client.page.values())))
        expect(participant).toEqual(all[id]);
    }
  }

  /** The result of the join may be a while in coming: the application is asked about it. */
  #join(who: number, value: number): Client {
    const client = new Client(`${who}-${this.#count}`, who);
    this.members.add(client, { tracks: tracksOf(client.id, value % 4), cut: NOTHING });
    if (value === 7) client.drive(this.members);
    else if (value < 5) this.#describe(client, value % 4);
    return client;
  }

  #describe(client: Client, value: number): void {
    if (client.isDriven) return;
    client.describe(this.members, this.messages, value);
    client.written = [...this.#history];
  }

  /** Whatever was written before reaches one who is put out. */
  #leave(client: Client): undefined {
    this.members.remove(client);
    if (client.isServed) expect(client.heard).toEqual(client.written);
  }

  #write({ id: sessionId, userId }: Client, to?: string): void {
    if (to !== undefined && !this.members.isPresent(to)) return;
    const queue = new OrderedQueue();
    const sender = { sessionId, userId, queue, check: () => {}, moderate: undefined };
    const message = { kind: 'chat', data: { text: 'hi' }, ...(to && { to }) };
    const { id } = this.messages.send(message, sender) as { id: string };
    for (const client of this.clients)
      if (client?.isServed && (to ?? client.userId) === client.userId) client.written.push(id);
    if (to === undefined) this.#history = [...this.#history, id].slice(-MAX_HISTORY);
  }

  #delete(deleted: string | undefined): void {
    if (deleted === undefined) return;
    this.messages.delete(deleted);
    this.#history = this.#history.filter((id) => id !== deleted);
    for (const client of this.clients)
      if (client) client.written = client.written.filter((id) => id !== deleted);
  }
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('whoever comes, at any moment, and follows the events knows the room as it is', () => {
  test.each([1, 2, 500])('where a turn of the event loop notifies %s', (slice) => {
    fc.assert(
      fc.property(policies, steps, (policy, script) => {
        const world = new World(policy, slice);
        for (const step of script) world.play(step);
        world.settle();
        world.expectConvergence();
      }),
      { numRuns: 1000 },
    );
  });
});
