import type { LimitedMessage, RateLimiter } from '../../../../src/plugins/rate-limits/index.js';

/** A trickle of alice in the lobby, or something else. */
export function message(overrides: Partial<LimitedMessage> = {}): LimitedMessage {
  return {
    method: 'trickle',
    connectionId: 'connection-1',
    remoteAddress: '192.0.2.1',
    userId: 'alice',
    roomId: 'lobby',
    ...overrides,
  };
}

/** What the limiter throws, at once or by its promise; undefined where it lets the message pass. */
export async function refusal(limiter: RateLimiter, overrides: Partial<LimitedMessage> = {}) {
  try {
    await limiter.consume(message(overrides));
    return undefined;
  } catch (error) {
    return error;
  }
}
