import { randomUUID } from 'node:crypto';
import type { Principal } from '../../access/authentication.js';
import { invalidParams, RelayError } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import {
  type AuthenticatedClient,
  authenticateRequest,
} from '../../signaling/authentication/authenticated-client.js';
import { requireOwn, setOwner } from '../../signaling/authentication/session-ownership.js';
import { takeoverBy } from '../../signaling/rpc/takeover-request.js';
import {
  checkMessage,
  encodeError,
  encodeResult,
  type RpcId,
  RpcRefusal,
} from '../../signaling/wire/json-rpc.js';
import { ReceiptsElsewhere } from '../elsewhere/receipts-elsewhere.js';
import { RequestForwarder } from '../elsewhere/request-forwarder.js';
import { holdRequests, type SessionHandler, type SessionHandlers } from '../elsewhere/request-holder.js';
import {
  type ApiRequest,
  type ApiResponse,
  checkPresent,
  eventStream,
  type Handler,
  json,
  noContent,
  readBody,
  refusal,
  tokenHashOf,
} from '../exchange.js';
import { Idempotency } from '../idempotency/idempotency.js';
import type { RepeatedRequest } from '../idempotency/repeated-request.js';
import type { KeptResponse } from '../idempotency/response-store.js';
import type { ResolvedHttpOptions } from '../options.js';
import { servedByWebSocket } from '../sse/http-session.js';
import { HttpSessions } from '../sse/http-sessions.js';
import { readSessionBody } from './session-body.js';

/** The routes of sessions over HTTP. Their names are those of the MicroVibe-Go backend. */
export function sessionRoutes<P extends Principal>(
  relay: SfuRelay<P>,
  options: ResolvedHttpOptions,
): Record<string, Record<string, Handler>> {
  const sessions = new HttpSessions(relay, options);
  const { maxMessageBytes } = options;
  const idempotency = new Idempotency(options.idempotency, {
    maxBodyBytes: maxMessageBytes,
    counters: relay.counters,
  });
  const forwarder = new RequestForwarder(relay, options);
  const { retentionMs = 0 } = options.idempotency || {};
  const receipts = new ReceiptsElsewhere(relay.elsewhere, retentionMs);

  const authenticate = (request: ApiRequest) => authenticateRequest(relay, request, options);

  const requireSession = (client: AuthenticatedClient<P>, request: ApiRequest, id: string): Session<P> => {
    const session = requireOwn(relay, id, client, tokenHashOf(request));
    sessions.get(id)?.touch();
    return session;
  };

  const find = async (client: AuthenticatedClient<P>, request: ApiRequest, id: string) => {
    const session = requireSession(client, request, id);
    await sessions.get(id)?.renew(client);
    return session;
  };

  /** Executes a request for a session in the process that has it. */
  const there =
    (route: string, execute: SessionHandler<P>): SessionHandler<P> =>
    async (client, request, id) =>
      (await forwarder.forward(client, request, id, route)) ?? execute(client, request, id);

  /** As `there`, once for each `Idempotency-Key`. */
  const once =
    (route: string, execute: SessionHandler<P>): SessionHandler<P> =>
    async (client, request, id) => {
      const scope = {
        client,
        path: `${id}${route}`,
        authorize: () => void requireSession(client, request, id),
        forward: async (first: ApiRequest, repeated?: RepeatedRequest) => {
          const forwarded = await forwarder.forward(client, first, id, route);
          const mayHaveEnded = !request.forwarded && !relay.getSession(id);
          return forwarded ?? (repeated && mayHaveEnded ? receipts.ofEnded(repeated) : undefined);
        },
      };
      return idempotency.run(request, scope, (first) => execute(client, first, id));
    };

  const create = async (
    client: AuthenticatedClient<P>,
    request: ApiRequest,
    kept: KeptResponse | undefined,
  ): Promise<ApiResponse> => {
    const body = await readJson(request, maxMessageBytes);
    const { params, userId, replaces, capabilities } = readSessionBody(body.value, client.userId);
    await relay.rateLimiter?.consume({
      method: 'join',
      connectionId: randomUUID(),
      remoteAddress: client.request.remoteAddress,
      userId: client.userId,
      roomId: undefined,
    });
    checkPresent(request);
    const session = await relay.join(
      { ...params, principal: client.principal },
      request.signal,
      replaces && (await takeoverBy(relay, client, params.userId, replaces)),
    );
    if (session.state !== 'joined')
      throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'The session has ended already.');
    const sessionToken = setOwner(session, client);
    const served = sessions.add(session, client, { userId, capabilities });
    if (kept) {
      kept.onRepeat = () => sessions.get(session.id)?.touch();
      // A repeated request is of use only with a session that lives.
      session.on('close', () => kept.forget());
    }
    const [sdp] = await Promise.all([
      served.completeAnswer(request.signal),
      // The client's next request may reach another process.
      relay.elsewhere?.directory.told(session.id),
    ]);
    if (request.signal.aborted) served.abandon();
    checkPresent(request);
    const { iceServers } = session;
    return success({
      session_id: session.id,
      sdp,
      session_token: sessionToken,
      ...(iceServers.length > 0 && { ice_servers: iceServers }),
    });
  };

  const signal = once('/signal', async (client, request, id) => {
    await find(client, request, id);
    const served = sessions.require(id);
    const { value, bytes } = await readJson(request, maxMessageBytes);
    const message = checkMessage(value);
    const { received, sent, refused } = relay.counters;
    received.add(message instanceof RpcRefusal ? 'invalid' : message.method);
    const refuse = (id: RpcId | null, error: RelayError) => {
      refused.add(error.code);
      sent.add('error');
      return refusal(error, encodeError(id, error, message.method));
    };
    if (message instanceof RpcRefusal) return refuse(message.id, message.error);
    try {
      const result = await served.call(message, bytes);
      if (message.id === undefined) return noContent();
      sent.add('result');
      return json(200, encodeResult(message.id, result));
    } catch (error) {
      const failure = RelayError.from(error);
      if (failure.code === 'ERR_RELAY_INTERNAL') relay.logger.error({ err: error }, 'A message failed');
      return refuse(message.id ?? null, failure);
    }
  });

  const handlers: SessionHandlers<P> = {
    '': {
      DELETE: once('', async (client, request, id) => {
        const session = await find(client, request, id);
        await session.close({ by: 'client' });
        return success();
      }),
    },
    '/stats': {
      GET: there('/stats', async (client, request, id) => {
        const session = await find(client, request, id);
        return success(describeStats(session, sessions.get(id)?.userId));
      }),
    },
    '/events': {
      GET: there('/events', async (client, request, id) => {
        const session = await find(client, request, id);
        // A stream for HEAD would end the one that the client reads.
        if (request.method === 'HEAD') return eventStream('');
        const lastEventId = request.headers['last-event-id'];
        const last = sessions.get(id);
        // An EventSource that reconnects, although the session was taken over from it, must not take it back.
        if (last?.isReplaced && lastEventId && !session.presence.isDetached) throw servedByWebSocket();
        const served =
          last?.isReplaced === false ? last : await sessions.takeOver(session, client, readReceived(request));
        return eventStream(served.events(lastEventId));
      }),
    },
    '/signal': { POST: signal },
  };
  holdRequests(relay, { handlers, sessions, idempotency });

  const ofSession = Object.entries(handlers).map(([route, byMethod]) => {
    const authenticated = Object.entries(byMethod).map(([method, handle]) => {
      const handler: Handler = async (request, id) => handle(await authenticate(request), request, id);
      return [method, handler];
    });
    return [`/session/:id${route}`, Object.fromEntries(authenticated)];
  });
  return {
    '/session': {
      POST: async (request) => {
        const client = await authenticate(request);
        const receipt = (repeated: RepeatedRequest) => receipts.ofCreation(repeated);
        const scope = { client, path: '', receipt };
        return idempotency.run(request, scope, (first, kept) => create(client, first, kept));
      },
    },
    ...Object.fromEntries(ofSession),
  };
}

function success(data?: object): ApiResponse {
  return json(200, { code: 0, message: 'success', ...(data && { data }) });
}

/** `bytes` is the length of the body; an estimate if the server has parsed it. */
async function readJson(request: ApiRequest, maxBytes: number): Promise<{ value: unknown; bytes: number }> {
  const body = await readBody(request, maxBytes);
  if (typeof body !== 'string')
    return { value: body, bytes: Number(request.headers['content-length']) || maxBytes };
  try {
    return { value: JSON.parse(body), bytes: Buffer.byteLength(body) };
  } catch {
    throw new RelayError('ERR_RELAY_PARSE', 'The body is not valid JSON.');
  }
}

/**
 * The number of frames that the client has received over the WebSocket of its session.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
function readReceived({ url }: ApiRequest): number | undefined {
  const received = new URL(url, 'http://relay').searchParams.get('received');
  if (received === null) return undefined;
  if (/^\d{1,15}$/.test(received)) return Number(received);
  throw invalidParams('"received" must be the number of frames that the client has received.');
}

function describeStats<P extends Principal>({ stats }: Session<P>, userId: string | number = stats.userId) {
  return {
    session_id: stats.sessionId,
    room_id: stats.roomId,
    user_id: userId,
    role: stats.role,
    video_bitrate: stats.videoBitrate,
    audio_bitrate: stats.audioBitrate,
    packet_loss: stats.packetLoss,
    jitter: stats.jitter,
    round_trip_time: stats.roundTripTime,
  };
}
