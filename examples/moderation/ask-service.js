// @ts-check
import { RelayError } from 'sfu-relay';

/**
 * For the hook `onMessage`: asks an HTTP service about each chat message. The service receives `POST {roomId, userId, text}`
 * and responds `{allow: true}`, `{allow: false, reason}` or `{allow: true, text}`, with another text.
 *
 * If the service is down, slow or responds with invalid data, the hook fails. Then the relay's option
 * `hookFailure: { onMessage: 'refuse' | 'pass' }` decides what happens to the message.
 * @param {string | URL} url
 * @param {{ timeoutMs?: number }} [options] - `timeoutMs`: 1000 by default
 * @returns {(message: import('sfu-relay').MessageContext, data?: unknown) => Promise<unknown>} `data` where another
 *   filter has changed them
 */
export function askService(url, { timeoutMs = 1_000 } = {}) {
  return async ({ kind, session, ...message }, data = message.data) => {
    if (kind !== 'chat') return undefined;
    const { text } = /** @type {{ text: string }} */ (data);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ roomId: session.roomId, userId: session.userId, text }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`the moderation service answers ${response.status}`);
    const verdict = /** @type {{ allow?: unknown, reason?: unknown, text?: unknown }} */ (
      await response.json()
    );
    // Only an explicit `allow: true` passes; anything but yes or no is a failure of the hook.
    if (verdict.allow === false)
      throw new RelayError(
        'ERR_RELAY_FORBIDDEN',
        String(verdict.reason ?? 'This message is not allowed here.'),
      );
    if (verdict.allow !== true) throw new Error('the moderation service answers neither yes nor no');
    return typeof verdict.text === 'string' ? { text: verdict.text } : undefined;
  };
}
