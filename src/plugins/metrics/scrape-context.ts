import type { HealthReport } from '../../relay/health.js';
import type { Session } from '../../session/session.js';
import type { RelayCounters } from '../../telemetry/relay-counters.js';

/** The members of a relay that metrics are read from, for any type of principal. */
export interface ScrapedRelay {
  readonly counters: RelayCounters;
  readonly sessions: ReadonlyMap<
    string,
    Pick<Session, 'state' | 'role' | 'hidden' | 'connection' | 'tracks'>
  >;
  readonly rooms: ReadonlyMap<
    string,
    { readonly size: number; readonly audience: { readonly count: number } }
  >;
  readonly nodes: readonly {
    readonly serverUrl: string;
    readonly state: 'up' | 'down' | 'unknown';
    readonly streams: number;
    readonly rooms: number;
    /** Missing in a relay of an older copy of the library. */
    readonly draining?: boolean;
  }[];
  readonly streamCount: number;
  readonly sfuConnectionCount: number;
  healthCheck(): Promise<HealthReport>;
}

/** Counts of sessions, participants and tracks at one moment. */
export interface Snapshot {
  readonly sessions: Readonly<Record<Session['role'], Record<Session['state'], number>>>;
  readonly participants: number;
  /** Sessions whose clients have no connection. */
  readonly detached: number;
  /** Those of them whom clients count instead of listing them. */
  readonly audience: number;
  readonly tracks: Readonly<Record<'audio' | 'video', number>>;
  readonly largestRoom: number;
}

/** One relay at a scrape: what several metrics need is computed once. */
export class ScrapeContext {
  readonly relay: ScrapedRelay;
  #snapshot: Snapshot | undefined;
  #probe: Promise<HealthReport> | undefined;

  constructor(relay: ScrapedRelay) {
    this.relay = relay;
  }

  /** Shared by all metrics that are read in one tick. */
  get snapshot(): Snapshot {
    if (!this.#snapshot) {
      this.#snapshot = takeSnapshot(this.relay);
      queueMicrotask(() => {
        this.#snapshot = undefined;
      });
    }
    return this.#snapshot;
  }

  /** Shared by all metrics that are read while the probe runs. */
  probe(): Promise<HealthReport> {
    this.#probe ??= this.relay.healthCheck().finally(() => {
      this.#probe = undefined;
    });
    return this.#probe;
  }
}

function takeSnapshot({ sessions, rooms }: ScrapedRelay): Snapshot {
  const ofRole = () => ({ joining: 0, joined: 0, closing: 0, closed: 0 });
  const snapshot = {
    sessions: { publisher: ofRole(), subscriber: ofRole() },
    participants: 0,
    detached: 0,
    audience: 0,
    tracks: { audio: 0, video: 0 },
    largestRoom: 0,
  };
  for (const { state, role, hidden, connection, tracks } of sessions.values()) {
    snapshot.sessions[role][state] += 1;
    if (state !== 'joined') continue;
    if (!hidden) snapshot.participants += 1;
    if (connection === 'detached') snapshot.detached += 1;
    for (const { kind } of tracks) snapshot.tracks[kind] += 1;
  }
  for (const { size, audience } of rooms.values()) {
    snapshot.audience += audience.count;
    snapshot.largestRoom = Math.max(snapshot.largestRoom, size);
  }
  return snapshot;
}
