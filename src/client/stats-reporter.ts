import type { SessionStats, StatsReport } from '../signal/protocol.js';
import { RelayClientError } from './errors.js';

export interface StatsReporterOptions {
  /** ms; 0 switches it off. */
  intervalMs: number;
  connections: readonly RTCPeerConnection[];
  send(report: StatsReport): Promise<SessionStats>;
  onStats(stats: SessionStats, report: RTCStats[]): void;
  onError(error: RelayClientError): void;
}

const TYPES = ['outbound-rtp', 'inbound-rtp', 'remote-inbound-rtp', 'candidate-pair'];

/** Sends the relay what `getStats()` says, one report at a time (W3C webrtc-stats). */
export class StatsReporter {
  readonly #options: StatsReporterOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failing = false;
  #closed = false;

  constructor(options: StatsReporterOptions) {
    this.#options = options;
    this.#next();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #next(): void {
    const { intervalMs } = this.#options;
    if (!this.#closed && intervalMs > 0) this.#timer = setTimeout(() => void this.#report(), intervalMs);
  }

  async #report(): Promise<void> {
    const { connections, send, onStats, onError } = this.#options;
    try {
      const all = await Promise.all(connections.map((pc) => pc.getStats()));
      const report = all
        .flatMap((each) => [...each.values()] as RTCStats[])
        .filter(({ type }) => TYPES.includes(type));
      const stats = await send(report as unknown as StatsReport);
      if (this.#closed) return;
      this.#failing = false;
      onStats(stats, report);
    } catch (error) {
      // One word of a row of failures is enough.
      if (!this.#closed && !this.#failing) onError(RelayClientError.from(error, 'The statistics failed'));
      this.#failing = true;
    }
    this.#next();
  }
}
