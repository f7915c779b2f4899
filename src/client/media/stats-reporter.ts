import type { StatsReport } from '../../protocol/messages.js';
import { asClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import type { Rpc } from '../connection/json-rpc.js';

interface StatsOptions {
  rpc: Rpc;
  /** 0 disables the reports. */
  statsIntervalMs: number;
  emit: Emit;
}

const TYPES = /^outbound-rtp|inbound-rtp|candidate-pair/;

/**
 * Sends `getStats()` of the connections to the relay periodically, one report at a time (W3C webrtc-stats).
 * @returns a function that stops the reports
 */
export function reportStats(
  { rpc, statsIntervalMs, emit }: StatsOptions,
  ...connections: (RTCPeerConnection | undefined)[]
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isFailing = false;
  let isClosed = false;

  const schedule = () => {
    if (!isClosed && statsIntervalMs > 0) timer = setTimeout(() => void report(), statsIntervalMs);
  };
  const report = async () => {
    try {
      if (!rpc.isOpen) return schedule();
      const all = await Promise.all(connections.map((pc) => pc?.getStats()));
      const entries = all
        .flatMap((each) => [...(each?.values() ?? [])] as RTCStats[])
        .filter(({ type }) => TYPES.test(type));
      const stats = await rpc.request('stats', { report: entries as unknown as StatsReport });
      if (isClosed) return;
      isFailing = false;
      emit('stats', stats, entries);
    } catch (error) {
      // Only the first of consecutive failures is emitted, and none while the connection is lost.
      if (!isClosed && !isFailing && rpc.isOpen) emit('error', asClientError(error, 'The statistics'));
      isFailing = rpc.isOpen;
    }
    schedule();
  };

  schedule();
  return () => {
    isClosed = true;
    clearTimeout(timer);
  };
}
