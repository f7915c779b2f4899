import type { HealthReport } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import type { RelayCounters } from '../../telemetry/relay-counters.js';

/** What is read of a relay, whatever its principals are. */
export interface ReadableRelay {
  readonly counters: RelayCounters;
  readonly sessions: ReadonlyMap<string, Pick<Session, 'state' | 'role' | 'hidden' | 'tracks'>>;
  readonly rooms: ReadonlyMap<string, { readonly size: number }>;
  readonly streamCount: number;
  readonly sfuConnectionCount: number;
  healthCheck(): Promise<HealthReport>;
}

/** What there is at one moment. */
export interface Census {
  readonly sessions: Readonly<Record<Session['role'], Record<Session['state'], number>>>;
  readonly participants: number;
  readonly tracks: Readonly<Record<'audio' | 'video', number>>;
  readonly largestRoom: number;
}

/** One relay at a scrape: what many metrics need is found out once. */
export class Reading {
  readonly relay: ReadableRelay;
  #census: Census | undefined;
  #probe: Promise<HealthReport> | undefined;

  constructor(relay: ReadableRelay) {
    this.relay = relay;
  }

  /** The same for all that ask in one turn. */
  get census(): Census {
    if (!this.#census) {
      this.#census = takeCensus(this.relay);
      queueMicrotask(() => {
        this.#census = undefined;
      });
    }
    return this.#census;
  }

  /** The same for all that ask while it is under way. */
  probe(): Promise<HealthReport> {
    this.#probe ??= this.relay.healthCheck().finally(() => {
      this.#probe = undefined;
    });
    return this.#probe;
  }
}

function takeCensus({ sessions, rooms }: ReadableRelay): Census {
  const ofRole = () => ({ joining: 0, joined: 0, closing: 0, closed: 0 });
  const census = {
    sessions: { publisher: ofRole(), subscriber: ofRole() },
    participants: 0,
    tracks: { audio: 0, video: 0 },
    largestRoom: 0,
  };
  for (const { state, role, hidden, tracks } of sessions.values()) {
    census.sessions[role][state] += 1;
    if (state !== 'joined') continue;
    if (!hidden) census.participants += 1;
    for (const { kind } of tracks) census.tracks[kind] += 1;
  }
  for (const { size } of rooms.values()) census.largestRoom = Math.max(census.largestRoom, size);
  return census;
}
