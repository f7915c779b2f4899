import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Outcome, Propose, RoomChange, RoomFields, RoomSink } from '../../../src/backplane/backplane.js';
import { type MemoryBackplane, memoryBackplane } from '../../../src/backplane/memory/memory-backplane.js';
import type { MemoryLog } from '../../../src/backplane/memory/memory-log.js';
import { SharedMemory } from '../../../src/backplane/memory/shared-memory.js';
import { RelayError } from '../../../src/protocol/errors.js';
import type { Track } from '../../../src/protocol/types.js';
import { proposeKick } from '../../../src/room/moderation/kicks.js';
import { proposeLock, proposeUnlock } from '../../../src/room/moderation/lock.js';
import {
  isMuted,
  proposeFollow,
  proposeForget,
  proposeMute,
  proposeUnmute,
} from '../../../src/room/moderation/mutes.js';
import { silentLogger } from '../../../src/util/logger.js';
import { noop } from '../../../src/util/noop.js';
import {
  ACTIONS,
  KINDS,
  MAX_SEATS,
  Model,
  picture,
  RARE,
  type Step,
  TRACKS,
  USERS,
} from './room-log-model.js';

const PROCESSES = 2;
const ROOMS = ['lobby', 'lounge'];
const step = fc.record<Step>({
  what: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...ACTIONS) },
    { weight: 1, arbitrary: fc.constantFrom(...RARE) },
  ),
  process: fc.nat(PROCESSES - 1),
  room: fc.nat(ROOMS.length - 1),
  user: fc.constantFrom(...USERS),
  track: fc.constantFrom(...TRACKS),
  other: fc.constantFrom(...TRACKS),
  kind: fc.constantFrom(...KINDS, undefined),
});

/** `next`: what a process does as soon as it is told of the step. */
const plan = fc.array(fc.record({ now: step, next: fc.array(step, { maxLength: 3 }) }), {
  maxLength: 100,
  size: 'max',
});

const full = new RelayError('ERR_RELAY_TOO_MANY', 'The room is full.');

/** A seat for each user, as many as there are; a locked room has them for its regulars. */
function proposeSeat({ seats, locked, regulars }: RoomFields, user: string): ReturnType<Propose> {
  if (seats?.has(user)) return {};
  if ((seats?.size ?? 0) >= MAX_SEATS || (locked && !regulars?.has(user))) return { refused: full };
  return { seats: new Map([[user, { userId: user }]]) };
}

function proposalOf({ what, user, track, other, kind }: Step): Propose {
  const target = what.endsWith('track') ? { trackId: track } : { userId: user, ...(kind && { kind }) };
  const published: Track = { trackId: track, streamId: 's', kind: 'video', layers: [], muted: false };
  return (state) => {
    if (what === 'place') return { node: `sfu-${track}`, generation: state.generation + 1 };
    if (what === 'end') return { end: 'It is over.' };
    if (what === 'lock') return proposeLock(state, [...(state.seats?.keys() ?? [])]);
    if (what === 'unlock') return proposeUnlock(state);
    if (what === 'kick') return proposeKick(state, user, 'Be polite.');
    if (what === 'sit') return proposeSeat(state, user);
    if (what === 'stand') return { seats: new Map([[user, undefined]]) };
    if (what === 'follow') return proposeFollow(state, [[track, other]]);
    if (what === 'forget') return proposeForget(state, [track]);
    if (what.startsWith('mute')) return proposeMute(state, target);
    return proposeUnmute(state, target, [published]);
  };
}

/** A process's own picture of a room, from what it is told only. */
class Replica implements RoomSink {
  readonly fields: Record<string, unknown> = {};
  revision = 0;
  /** What it does on being told of the next change. */
  next: (() => void) | undefined;

  snapshot(state: RoomFields, revision: number): void {
    this.revision = revision;
    this.#take(state);
  }

  changed(change: RoomChange, revision: number): void {
    this.revision += 1;
    expect(revision).toBe(this.revision);
    this.#take(change);
    this.#proceed();
  }

  appended(): void {
    this.#proceed();
  }

  #take(change: object): void {
    for (const [name, value] of Object.entries(change)) {
      const before = this.fields[name] as Iterable<[unknown, unknown]> | undefined;
      const entries = value instanceof Map ? [...new Map([...(before ?? []), ...value])] : [];
      const left = entries.filter(([, entry]) => entry !== undefined);
      this.fields[name] = value instanceof Map ? (left.length > 0 ? new Map(left) : undefined) : value;
    }
  }

  #proceed(): void {
    const { next } = this;
    this.next = undefined;
    next?.();
  }
}

interface Opened {
  readonly log: MemoryLog;
  readonly replica: Replica;
}

/** Processes over one memory, beside the model of their rooms. */
class World {
  readonly #memory = new SharedMemory();
  readonly #processes: MemoryBackplane[];
  /** By `<process> <room>`. */
  readonly #opened = new Map<string, Opened>();
  readonly #models = new Map<number, Model>();
  /** The owner of each claimed track id, by `<room> <track>`. */
  readonly #owners = new Map<string, string>();
  readonly #generations = new Map<RoomFields, number>();
  /** What has failed inside of a sink. */
  readonly #failures: unknown[] = [];

  constructor() {
    const memory = this.#memory;
    const error = (fields: object) => void this.#failures.push((fields as { err: unknown }).err);
    const logger = { ...silentLogger, error };
    this.#processes = Array.from({ length: PROCESSES }, () => memoryBackplane({ memory, logger }));
  }

  run(now: Step, next: readonly Step[]): void {
    const told = this.#opened.get(`${next.length % PROCESSES} ${now.room}`)?.replica;
    if (told) told.next = () => next.forEach((step) => void this.#act(step));
    this.#act(now);
    if (told) told.next = undefined;
    this.#check();
  }

  #act(step: Step): void {
    const { what, process, room, user, track } = step;
    const key = `${process} ${room}`;
    const scope = `${room} ${track}`;
    if (what === 'close') {
      this.#opened.get(key)?.log.close();
      this.#opened.delete(key);
      if (![...this.#opened.keys()].some((each) => each.endsWith(` ${room}`))) this.#models.delete(room);
    } else if (what === 'claim') {
      const owner = `${process} ${user}`;
      const isFree = (this.#owners.get(scope) ?? owner) === owner;
      expect(this.#processes[process]?.reserve(scope, owner, 1)).toBe(isFree);
      if (isFree) this.#owners.set(scope, owner);
    } else if (what === 'disclaim') {
      const owner = `${process} ${user}`;
      this.#processes[process]?.release(scope, owner);
      if (this.#owners.get(scope) === owner) this.#owners.delete(scope);
    } else {
      const { log } = this.#opened.get(key) ?? this.#open(step);
      // The model is ahead: what others do on being told comes after this.
      const isTaken = this.#models.get(room)?.do(step);
      expect(this.#commit(log, step).refused === undefined).toBe(isTaken);
    }
  }

  #open({ process, room }: Step): Opened {
    const replica = new Replica();
    const log = this.#processes[process]?.open(ROOMS[room] as string, replica) as MemoryLog;
    const opened = { log, replica };
    this.#opened.set(`${process} ${room}`, opened);
    if (!this.#models.has(room)) this.#models.set(room, new Model());
    return opened;
  }

  #commit(log: MemoryLog, step: Step): Outcome {
    if (step.what === 'say') return log.append(step.user, { deletion: { deleted: '1' } });
    return log.commit(proposalOf(step));
  }

  #check(): void {
    for (const failure of this.#failures) throw failure;
    expect(this.#memory.roomCount).toBe(this.#models.size);
    for (const [key, { log, replica }] of this.#opened) {
      const model = this.#models.get(Number(key.split(' ')[1])) as Model;
      const { state } = log;
      const is = (user: string, track: Track) => isMuted(state, user, track);
      const { locked, regulars, seats } = state;
      const found = picture(
        { ...state, regulars: locked ? keysOf(regulars) : undefined, seats: keysOf(seats) },
        is,
      );
      // Comparing texts is fast.
      if (found !== model.picture) expect(JSON.parse(found)).toEqual(JSON.parse(model.picture));
      if (this.#generationOf(state) > state.generation) expect.fail('The generation has decreased.');
      if (inspect(replica.fields) !== inspect(state)) expect(replica.fields).toEqual(state);
    }
  }

  /** The one of the last time. */
  #generationOf(state: RoomFields): number {
    const before = this.#generations.get(state) ?? 0;
    this.#generations.set(state, state.generation);
    return before;
  }
}

const keysOf = (map: ReadonlyMap<string, unknown> | undefined) => new Set(map?.keys());

test('rooms are what was done in them, in every process and whatever was done at the same time', () => {
  fc.assert(
    fc.property(plan, (steps) => {
      const world = new World();
      for (const { now, next } of steps) world.run(now, next);
    }),
    { numRuns: 80 },
  );
});

test('a room has a bound of mutes, and unmuting makes room for others', () => {
  const log = memoryBackplane().open('lobby', { snapshot: noop, changed: noop, appended: noop });
  const mute = (n: number) => log.commit((state) => proposeMute(state, { trackId: `track-${n}` }));
  for (let n = 0; n < 999; n += 1) expect(mute(n).refused).toBeUndefined();
  log.commit((state) => proposeMute(state, { userId: 'bob', kind: 'audio' }));
  expect(mute(1_000).refused?.code).toBe('ERR_RELAY_TOO_MANY');
  expect(log.state.mutedTracks?.size).toBe(999);
  log.commit((state) => proposeUnmute(state, { userId: 'bob' }, []));
  expect(mute(1_000).refused).toBeUndefined();
});
