import type { AuthRequest, Principal } from '../../access/authentication.js';
import { withToken } from '../../access/cookie.js';
import type { SfuRelay } from '../../relay/relay.js';
import { isRecord } from '../../util/is-record.js';
import { type HandshakeRequest, handshakeToken } from '../wire/handshake.js';
import { askApplication } from './page-origin.js';

/**
 * Takes a connection, or a request over HTTP, through the rate limiter and `onConnect`.
 * @returns the request to authenticate
 * @throws RelayError the rate limiter or the application refuses it
 */
export async function runConnectHook<P extends Principal>(
  relay: SfuRelay<P>,
  request: HandshakeRequest,
  connectionId: string,
): Promise<AuthRequest> {
  const { remoteAddress } = request;
  const { rateLimiter, hooks } = relay;
  await rateLimiter?.consume({
    method: 'connect',
    connectionId,
    remoteAddress,
    userId: undefined,
    roomId: undefined,
  });
  const connecting = withToken(request, handshakeToken(request));
  const changes = await askApplication(relay, connecting, () =>
    hooks.ask('onConnect', { request: connecting }, isPartOfRequest),
  );
  return changes ? { ...connecting, ...changes } : connecting;
}

function isPartOfRequest(value: unknown): value is Partial<AuthRequest> {
  if (!isRecord(value)) return false;
  const { url, headers, remoteAddress, token } = value;
  const areTexts = [url, remoteAddress, token].every((each) => ['undefined', 'string'].includes(typeof each));
  return areTexts && (headers === undefined || isRecord(headers));
}
