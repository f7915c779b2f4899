import type { ProcessCard } from '../../backplane/backplane.js';

/** The streams that processes have on the SFU nodes, by the addresses of these. The cards of another release may name none. */
export function streamsOf(processes: readonly ProcessCard[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const { nodes = [] } of processes)
    for (const { serverUrl, streams } of nodes) sum.set(serverUrl, (sum.get(serverUrl) ?? 0) + streams);
  return sum;
}
