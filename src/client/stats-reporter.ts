import type { StatsReport } from '../protocol/messages.js';
import { RelayClientError } from './errors.js';
import type { Emit } from './events.js';
import type { Rpc } from './rpc.js';

export interface StatsReporterOptions {
  rpc: Rpc;
  /** 0 switches it off. */
  statsIntervalMs: number;
  emit: Emit;
}

const TYPES = ['outbound-rtp', 'inbound-rtp', 'remote-inbound-rtp', 'candidate-pair'];

/** Sends the relay what `getStats()` says, one report at a time (W3C webrtc-stats). */
export class StatsReporter {
  readonly #options: StatsReporterOptions;
  readonly #connections: readonly (RTCPeerConnection | undefined)[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failing = false;
  #closed = false;

  constructor(options: StatsReporterOptions, ...connections: (RTCPeerConnection | undefined)[]) {
    this.#options = options;
    this.#connections = connections;
    this.#next();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #next(): void {
    const { statsIntervalMs } = this.#options;
    if (!this.#closed && statsIntervalMs > 0)
      this.#timer = setTimeout(() => void this.#report(), statsIntervalMs);
  }

  async #report(): Promise<void> {
    const { rpc, emit } = this.#options;
    try {
      const all = await Promise.all(this.#connections.map((pc) => pc?.getStats()));
      const report = all
        .flatMap((each) => [...(each?.values() ?? [])] as RTCStats[])
        .filter(({ type }) => TYPES.includes(type));
      const stats = await rpc.request('stats', { report: report as unknown as StatsReport });
      if (this.#closed) return;
      this.#failing = false;
      emit('stats', stats, report);
    } catch (error) {
      // One word of a row of failures is enough.
      if (!this.#closed && !this.#failing)
        emit('error', RelayClientError.from(error, 'The statistics failed'));
      this.#failing = true;
    }
    this.#next();
  }
}
