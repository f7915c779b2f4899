import { RelayError } from '../../protocol/errors.js';
import { checkRelay } from '../../util/check-options.js';

const EXAMPLE = 'acceptConnection(relay, socket, { url, headers, remoteAddress })';

/**
 * What a transport of the application's own has passed to `acceptConnection()`.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function checkAccepted(relay: unknown, socket: unknown, request: unknown): void {
  checkRelay('acceptConnection()', EXAMPLE, relay);
  for (const method of ['send', 'ping', 'close', 'terminate'] as const) {
    if (typeof (socket as Record<string, unknown> | undefined)?.[method] !== 'function')
      throw new RelayError(
        'ERR_RELAY_CONFIG',
        `The socket of acceptConnection() needs a method ${method}(), see RelaySocket: write ${EXAMPLE}.`,
      );
  }
  const { url, headers } = (request ?? {}) as { url?: unknown; headers?: unknown };
  if (typeof url !== 'string' || typeof headers !== 'object' || headers === null)
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `The request of acceptConnection() needs "url" and "headers" with lower-case names: write ${EXAMPLE}.`,
    );
}
