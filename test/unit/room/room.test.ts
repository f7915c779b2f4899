import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ParticipantList, participantList } from '../../../src/client/room/participant-list.js';
import { anonymous, type Participant, type Session, SfuRelay, type Track } from '../../../src/index.js';
import { Room } from '../../../src/room/room.js';
import type { RoomEvents, RoomSession } from '../../../src/room/room-member.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';

/** One step: somebody does something, as far as it is possible for them. */
interface Step {
  who: number;
  what: 'come or go' | 'publish' | 'update' | 'mute';
  /** Which of their three tracks to publish, or to mute, bit by bit; or what to say of themselves. */
  value: number;
}

const PEOPLE = 5;
/** One of them is seen by nobody. */
const HIDDEN = 4;

const steps = fc.array(
  fc.record<Step>({
    who: fc.nat(PEOPLE - 1),
    what: fc.constantFrom('come or go', 'come or go', 'publish', 'update', 'mute'),
    value: fc.nat(7),
  }),
  { maxLength: 40 },
);

const isIn = (value: number, n: number) => (value & (1 << n)) !== 0;

function track(owner: string, n: number): Track {
  const layers = n === 2 ? ['f', 'h'] : [];
  return {
    trackId: `${owner}-${n}`,
    streamId: owner,
    kind: n === 0 ? 'audio' : 'video',
    layers,
    muted: false,
  };
}

const tracksOf = (owner: string, value: number) =>
  [0, 1, 2].filter((n) => isIn(value, n)).map((n) => track(owner, n));

/** In no order: each by its id. */
function byId(participants: Iterable<Participant>) {
  return Object.fromEntries(
    [...participants].map(({ tracks, ...rest }) => [
      rest.sessionId,
      { ...rest, tracks: Object.fromEntries(tracks.map((each) => [each.trackId, each])) },
    ]),
  );
}

/** What a client makes of its snapshot and of the events after it, and which revisions it has seen or made. */
class View {
  readonly roster = participantList();
  readonly revisions: number[] = [];
  readonly #since: number;

  constructor(participants: readonly Participant[], revision: number) {
    this.roster.reset(participants, revision);
    this.#since = revision;
  }

  /** It has seen all that the others see, each change once and in its order. */
  expectComplete(id: string, room: Room): void {
    expect(byId(this.roster.participants.values())).toEqual(byId(room.others(id)));
    const all = Array.from({ length: room.revision - this.#since }, (_, n) => this.#since + 1 + n);
    expect(this.revisions).toEqual(all);
  }
}

class FakeMember implements RoomSession, RoomEvents {
  readonly userId: string;
  readonly role = 'publisher';
  readonly hidden: boolean;
  readonly view: View;
  readonly emitter = this;
  onEvent = () => {};

  constructor(
    readonly id: string,
    who: number,
    room: Room,
  ) {
    this.userId = `user-${who}`;
    this.hidden = who === HIDDEN;
    this.view = new View(room.others(id), room.revision);
  }

  notifyParticipants(event: Parameters<RoomEvents['notifyParticipants']>[0]): void {
    this.view.revisions.push(event.revision);
    expect(this.view.roster.applyParticipants(event)).toBe(true);
    this.onEvent();
  }

  notifyTracks(event: Parameters<RoomEvents['notifyTracks']>[0]): void {
    this.view.revisions.push(event.revision);
    expect(this.view.roster.applyTracks(event)).toBe(true);
    this.onEvent();
  }

  notifyMessage(): void {}

  notifyDeletion(): void {}

  /** What it changes itself it is not told of. */
  changes(room: Room, change: () => void): void {
    const before = room.revision;
    change();
    for (let revision = before + 1; revision <= room.revision; revision += 1)
      if (!this.view.revisions.includes(revision)) this.view.revisions.push(revision);
    this.view.revisions.sort((one, other) => one - other);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

describe('whoever comes, at any moment, and follows the events knows the room as it is', () => {
  function play(room: Room, members: (FakeMember | undefined)[], { who, what, value }: Step, n: number) {
    const member = members[who];
    if (what === 'come or go') {
      if (member) room.members.remove(member);
      // It hears of what comes after its snapshot, which its own coming is not.
      const next = member ? undefined : new FakeMember(`${who}-${n}`, who, room);
      next?.changes(room, () => room.members.add(next, tracksOf(next.id, value), NOTHING));
      members[who] = next;
    } else if (what === 'publish') {
      member?.changes(room, () =>
        room.members.setTracks(member, { tracks: tracksOf(member.id, value), cut: NOTHING }),
      );
    } else if (what === 'update') {
      member?.changes(room, () => room.members.update(member, { metadata: { value } }));
    } else if (member) {
      const tracks = room
        .tracksOf(member.id)
        .map(({ trackId }, each) => ({ trackId, muted: isIn(value, each) }));
      member.changes(room, () => room.members.update(member, { tracks }));
    }
  }

  test('in the room itself', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const room = new Room('lobby');
        const members: (FakeMember | undefined)[] = Array(PEOPLE).fill(undefined);
        for (const [n, step] of script.entries()) {
          play(room, members, step, n);
          for (const member of members) member?.view.expectComplete(member.id, room);
        }
        expect(room.size).toBe(members.filter(Boolean).length);
      }),
      { numRuns: 300 },
    );
  });

  test('though others leave in the very moment in which they hear of something', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(PEOPLE - 1), { maxLength: 3 }), (script, flighty) => {
        const room = new Room('lobby');
        const members: (FakeMember | undefined)[] = Array(PEOPLE).fill(undefined);
        for (const [n, step] of script.entries()) {
          play(room, members, step, n);
          for (const who of flighty) {
            const member = members[who];
            if (!member) continue;
            member.onEvent = () => {
              members[who] = undefined;
              room.members.remove(member);
            };
          }
        }
        for (const member of members) member?.view.expectComplete(member.id, room);
      }),
      { numRuns: 300 },
    );
  });
});

describe('in front of an SFU', () => {
  let sfu: ScriptedSfu;
  let relay: SfuRelay;

  beforeEach(async () => {
    sfu = await startScriptedSfu();
    relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous() });
  });
  afterEach(async () => {
    await relay.close();
    await sfu.stop();
  });

  interface Person {
    session: Session;
    roster: ParticipantList;
  }

  /** A session, and what its client makes of the room from the moment of its join. */
  async function enter(roomId: string, who: number, value: number): Promise<Person> {
    const userId = `user-${who}`;
    const hidden = who === HIDDEN;
    const sdp = fakeOffer(hidden ? [] : tracksOf(userId, value));
    const principal = { userId, grants: { hidden } };
    const session = await relay.createSession({ roomId, userId, sdp, principal });
    const roster = participantList();
    roster.reset(session.room.others(session.id), session.room.revision);
    session.on('participants', (event) => roster.applyParticipants(event));
    session.on('tracks', (event) => roster.applyTracks(event));
    return { session, roster };
  }

  async function act({ session }: Person, { what, value }: Step): Promise<void> {
    if (what === 'come or go') await session.close();
    else if (what === 'update') session.update({ metadata: { value } });
    else if (what === 'mute')
      session.update({ tracks: session.tracks.map(({ trackId }) => ({ trackId, muted: value > 3 })) });
    else if (!session.hidden)
      await session.offer({ type: 'offer', sdp: fakeOffer(tracksOf(session.userId, value)) });
  }

  test('all sessions agree with the room, whatever was done at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.uuid(), async (script, roomId) => {
        const people: (Promise<Person> | undefined)[] = Array(PEOPLE).fill(undefined);
        const doings = script.map((step) => {
          const { who, what, value } = step;
          const present = people[who];
          if (what === 'come or go') people[who] = present ? undefined : enter(roomId, who, value);
          // An offer may be refused, as one that a newer one has overtaken.
          return present?.then((person) => act(person, step)).catch(() => {});
        });
        await Promise.all([...doings, ...people]);

        for (const person of await Promise.all(people)) {
          if (!person) continue;
          const { session, roster } = person;
          expect(byId(roster.participants.values())).toEqual(byId(session.room.others(session.id)));
        }
        await Promise.all(people.map(async (person) => (await person)?.session.close()));
      }),
      { numRuns: 40 },
    );
  });
});
