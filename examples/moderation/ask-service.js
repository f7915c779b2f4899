// @ts-check
import { RelayError } from 'sfu-relay';

/**
 * Asks an HTTP service about each chat message, for the hook `onMessage`: it gets `POST {roomId, userId, text}` and
 * answers `{allow: true}`, `{allow: false, reason}` or `{allow: true, text}`, with another text.
 *
 * A service that is down, slow or answers nonsense makes the hook fail: what becomes of the message then is for the
 * relay's option `hookFailure: { onMessage: 'refuse' | 'pass' }` to say.
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
    // Of what was meant to say no, nothing passes: only a clear yes does.
    if (verdict.allow === false)
      throw new RelayError('ERR_RELAY_FORBIDDEN', String(verdict.reason ?? 'This can not be said here.'));
    if (verdict.allow !== true) throw new Error('the moderation service answers neither yes nor no');
    return typeof verdict.text === 'string' ? { text: verdict.text } : undefined;
  };
}
