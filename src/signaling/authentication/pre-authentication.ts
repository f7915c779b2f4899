import type { AuthRequest, Principal } from '../../access/authentication.js';
import { withToken } from '../../access/cookie.js';
import type { SfuRelay } from '../../relay/relay.js';
import { isRecord } from '../../util/is-record.js';
import { type HandshakeRequest, handshakeToken } from '../wire/handshake.js';
import { askApplication } from './page-origin.js';

/**
 * Lets a connection, or a request over HTTP, come as far as authentication; gives the request to authenticate.
 * @throws RelayError by the promise: the rate limiter or the application refuses it.
 */
export async function runConnectHook<P extends Principal>(
  relay: SfuRelay<P>,
  request: HandshakeRequest,
  connectionId: string,
): Promise<AuthRequest> {
  const { remoteAddress } = request;
  const nobody = { userId: undefined, roomId: undefined };
  await relay.rateLimiter?.consume({ method: 'connect', connectionId, remoteAddress, ...nobody });
  const entering = withToken(request, handshakeToken(request));
  const changes = await askApplication(relay, entering, () =>
    relay.hooks.ask('onConnect', { request: entering }, isPartOfRequest),
  );
  return changes ? { ...entering, ...changes } : entering;
}

function isPartOfRequest(value: unknown): value is Partial<AuthRequest> {
  if (!isRecord(value)) return false;
  const { url, headers, remoteAddress, token } = value;
  const areTexts = [url, remoteAddress, token].every((each) => ['undefined', 'string'].includes(typeof each));
  return areTexts && (headers === undefined || isRecord(headers));
}
