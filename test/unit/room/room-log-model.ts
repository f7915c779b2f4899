import type { Track } from '../../../src/protocol/types.js';

export const USERS = ['alice', 'bob', 'carol'];
export const TRACKS = ['a', 'b', 'c'];
export const KINDS = ['audio', 'video'] as const;
export const MAX_SEATS = 2;

export const ACTIONS = [
  ...(['place', 'lock', 'unlock', 'kick', 'sit', 'stand', 'say', 'claim', 'disclaim', 'follow'] as const),
  ...(['forget', 'mute track', 'mute user', 'unmute track', 'unmute user'] as const),
];

/** Rooms are open and go on, most of the time. */
export const RARE = ['close', 'close', 'end'] as const;

/** One step: a process does something in a room. */
export interface Step {
  what: (typeof ACTIONS)[number] | (typeof RARE)[number];
  process: number;
  room: number;
  user: string;
  track: string;
  other: string;
  /** None stands for both. */
  kind: (typeof KINDS)[number] | undefined;
}

/** What a room has to be, said as simply as possible. */
export class Model {
  generation = 0;
  /** Undefined while anybody may come. */
  regulars: Set<string> | undefined;
  hasEnded = false;
  /** The ids of each muted track, by the first of them. */
  readonly muted = new Map<string, Set<string>>();
  readonly mutedUsers = new Set<string>();
  readonly seats = new Set<string>();

  isMutedTrack(id: string): boolean {
    return [...this.muted.values()].some((ids) => ids.has(id));
  }

  isMuted(user: string, { trackId, kind }: Track): boolean {
    return this.isMutedTrack(trackId) || this.mutedUsers.has(`${kind} ${user}`);
  }

  get picture(): string {
    const { generation, hasEnded, regulars, seats } = this;
    const end = hasEnded ? 'ended' : undefined;
    return picture({ generation, end, regulars, seats }, (user, track) => this.isMuted(user, track));
  }

  unmuteTrack(id: string): void {
    for (const [first, ids] of this.muted) if (ids.has(id)) this.muted.delete(first);
  }

  /** @returns whether the room takes it */
  do({ what, user, track, other, kind }: Step): boolean {
    if (this.hasEnded) return false;
    const kinds = kind ? [kind] : KINDS;
    if (what === 'place') this.generation += 1;
    else if (what === 'end') this.hasEnded = true;
    else if (what === 'lock') this.regulars ??= new Set(this.seats);
    else if (what === 'unlock') this.regulars = undefined;
    else if (what === 'kick') for (const users of [this.regulars, this.seats]) users?.delete(user);
    else if (what === 'stand') this.seats.delete(user);
    else if (what === 'say') return this.seats.has(user);
    else if (what === 'mute user') for (const each of kinds) this.mutedUsers.add(`${each} ${user}`);
    else if (what === 'unmute track') this.unmuteTrack(track);
    else if (what === 'sit') {
      if (this.seats.has(user)) return true;
      if (this.seats.size === MAX_SEATS || this.regulars?.has(user) === false) return false;
      this.seats.add(user);
    } else if (what === 'unmute user') {
      for (const each of kinds) this.mutedUsers.delete(`${each} ${user}`);
      if (kind !== 'audio') this.unmuteTrack(track);
    } else if (what === 'mute track') {
      if (!this.isMutedTrack(track)) this.muted.set(track, (this.muted.get(track) ?? new Set()).add(track));
    } else if (what === 'follow') {
      const ids = [...this.muted.values()].find((each) => each.has(track));
      if (!this.isMutedTrack(other)) ids?.add(other);
    } else if (what === 'forget') {
      for (const [first, ids] of this.muted)
        if (ids.delete(track) && ids.size === 0) this.muted.delete(first);
    }
    return true;
  }
}

interface Pictured {
  readonly generation: number;
  readonly end?: string | undefined;
  readonly regulars?: Iterable<string> | undefined;
  readonly seats: Iterable<string>;
}

/** What can be seen of a room, as JSON. */
export function picture(
  { generation, end, regulars, seats }: Pictured,
  isMuted: (user: string, track: Track) => boolean,
): string {
  const tracks = TRACKS.flatMap((trackId) =>
    KINDS.map((kind) => ({ trackId, streamId: 's', kind, layers: [], muted: false })),
  );
  const muted = USERS.flatMap((user) =>
    tracks.filter((track) => isMuted(user, track)).map((track) => [user, track]),
  );
  const sorted = (ids: Iterable<string> | undefined) => ids && [...ids].sort();
  const hasEnded = end !== undefined;
  return JSON.stringify({ generation, hasEnded, regulars: sorted(regulars), seats: sorted(seats), muted });
}
