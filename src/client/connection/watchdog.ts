import { closed } from '../common/close.js';
import type { Rpc } from './json-rpc.js';

/** A silent relay is pinged twice, after this interval each; after the third one the connection is closed: within 10 s. */
const INTERVAL_MS = 2_500;

/**
 * Detects dead sockets. After a network change a browser may take minutes to report one, and scripts cannot see the relay's
 * WebSocket pings.
 * @param signal stops the watchdog
 * @param onHint called when the network may have changed, or the machine may have slept
 * @returns a function that watches a connection, instead of the last one
 */
export function startWatchdog(signal: AbortSignal, onHint: () => void): (rpc: Rpc) => void {
  let rpc: Rpc | undefined;
  let silentIntervals = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const wait = () => {
    clearTimeout(timer);
    if (!rpc?.isOpen) return;
    rpc.isSilent = true;
    timer = setTimeout(() => {
      if (rpc?.isSilent) return ping();
      silentIntervals = 0;
      wait();
    }, INTERVAL_MS);
  };
  const ping = () => {
    silentIntervals += 1;
    if (silentIntervals > 2) rpc?.abandon(closed(1006, 'The relay is silent.'));
    wait();
    if (rpc?.isOpen) rpc.request('ping').catch(() => {});
  };
  const hinted = () => {
    onHint();
    silentIntervals = 0;
    ping();
  };

  const { document, navigator } = globalThis as { document?: EventTarget; navigator?: Navigator };
  const hints: [string, EventTarget | undefined][] = [
    ['online', globalThis as unknown as EventTarget],
    ['pageshow', globalThis as unknown as EventTarget],
    ['visibilitychange', document],
    ['change', (navigator as { connection?: EventTarget } | undefined)?.connection],
  ];
  for (const [name, target] of hints) target?.addEventListener?.(name, hinted, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));

  return (next) => {
    rpc = next;
    silentIntervals = 0;
    wait();
  };
}
