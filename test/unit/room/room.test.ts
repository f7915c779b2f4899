import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ParticipantList, participantList } from '../../../src/client/room/participant-list.js';
import { anonymous, type Participant, type Session, SfuRelay, type Track } from '../../../src/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { joinResult } from '../client/participant.js';

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

describe('in front of an SFU', () => {
  let sfu: ScriptedSfu;
  let relay: SfuRelay;

  beforeEach(async () => {
    sfu = await startScriptedSfu();
    relay = new SfuRelay({
      sfu: { serverUrl: sfu.address },
      authenticate: anonymous(),
      participantsIntervalMs: 5,
    });
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
    const { rest: _, ...snapshot } = session.room.members.snapshot(session.id, 1_000_000);
    roster.reset({ ...joinResult(), ...snapshot, sessionId: session.id });
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
          await eventually(() =>
            expect(byId(roster.participants.values())).toEqual(byId(session.room.others(session.id))),
          );
        }
        await Promise.all(people.map(async (person) => (await person)?.session.close()));
      }),
      { numRuns: 40 },
    );
  });
});
