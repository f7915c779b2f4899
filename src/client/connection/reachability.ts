import { withTimeout } from '../common/with-timeout.js';

/** Of so many WebSockets that fail, the first two are not preceded by another request: a page's Content-Security-Policy may forbid that. */
const ROUND = 16;
/** A server that knows WebSockets only may leave the request unanswered. */
const PATIENCE_MS = 1_000;

/**
 * Waits until a WebSocket can be opened at once. Firefox delays one by up to a minute after others have failed, but no other request:
 * the server is asked first whether it is there.
 * @param address of the WebSocket
 * @param failures attempts that have failed so far, one after the other
 * @returns undefined if it need not be asked; rejects with the network's error
 */
export function reach(
  address: string,
  failures: number,
  timeoutMs: number,
  cancel: AbortSignal | undefined,
): Promise<unknown> | undefined {
  if (failures % ROUND < 2 || !/Firefox/.test(globalThis.navigator?.userAgent)) return undefined;
  return withTimeout<unknown>(timeoutMs, cancel, (resolve, reject) => {
    fetch(address.replace('ws', 'http'), { mode: 'no-cors', cache: 'no-store' }).then(resolve, reject);
    setTimeout(resolve, PATIENCE_MS);
  });
}
