import { randomUUID } from 'node:crypto';
import type { Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import { SESSION_TOKEN_HEADER } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import { authenticateRequest } from '../../signaling/authentication/authenticated-client.js';
import { requireOwn, setOwner } from '../../signaling/authentication/session-ownership.js';
import { takeoverBy } from '../../signaling/rpc/replacing.js';
import {
  checkMessage,
  encodeError,
  encodeResult,
  type RpcId,
  RpcRefusal,
} from '../../signaling/wire/json-rpc.js';
import {
  type ApiRequest,
  type ApiResponse,
  errorHeaders,
  eventStream,
  type Handler,
  json,
  noContent,
} from '../exchange.js';
import type { ResolvedHttpOptions } from '../options.js';
import { HttpSession, servedByWebSocket } from '../sse/http-session.js';
import { readSessionBody } from './session-body.js';

/** The routes of sessions over HTTP. Their names are those of the MicroVibe-Go backend. */
export function sessionRoutes<P extends Principal>(
  relay: SfuRelay<P>,
  options: ResolvedHttpOptions,
): Record<string, Record<string, Handler>> {
  /** The sessions that were created over HTTP, until they end. */
  const sessions = new Map<string, HttpSession<P>>();

  const create: Handler = async (request) => {
    const client = await authenticateRequest(relay, request, options);
    const body = await readJson(request, options.maxMessageBytes);
    const { params, userId, replaces } = readSessionBody(body.value, client.userId);
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
      replaces && takeoverBy(relay, client, params.userId, replaces),
    );
    if (session.state !== 'joined')
      throw new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'The session has ended already.');
    const sessionToken = setOwner(session, client);
    const served = new HttpSession(relay, session, client, userId, options);
    sessions.set(session.id, served);
    session.on('close', () => sessions.delete(session.id));
    const sdp = await served.completeAnswer(request.signal);
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

  const find = async (request: ApiRequest, id: string): Promise<Session<P>> => {
    const client = await authenticateRequest(relay, request, options);
    const session = requireOwn(relay, id, client, request.headers[SESSION_TOKEN_HEADER]);
    const served = sessions.get(id);
    served?.touch();
    await served?.renew(client);
    return session;
  };

  const findServed = async (request: ApiRequest, id: string): Promise<HttpSession<P>> => {
    await find(request, id);
    const served = sessions.get(id);
    if (!served) throw servedByWebSocket();
    return served;
  };

  const signal: Handler = async (request, id) => {
    const served = await findServed(request, id);
    const { value, bytes } = await readJson(request, options.maxMessageBytes);
    const message = checkMessage(value);
    const { received, sent, refused } = relay.counters;
    received.add(message instanceof RpcRefusal ? 'invalid' : message.method);
    const refuse = (id: RpcId | null, error: RelayError) => {
      refused.add(error.code);
      sent.add('error');
      return json(error.httpStatus, encodeError(id, error, message.method), errorHeaders(error));
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
  };

  return {
    '/session': { POST: create },
    '/session/:id': {
      DELETE: async (request, id) => {
        const session = await find(request, id);
        await session.close({ by: 'client' });
        return success();
      },
    },
    '/session/:id/stats': {
      GET: async (request, id) => success(describeStats(await find(request, id), sessions.get(id)?.userId)),
    },
    '/session/:id/events': {
      GET: async (request, id) => {
        const served = await findServed(request, id);
        // A stream for HEAD would end the one that the client reads.
        if (request.method === 'HEAD') return eventStream('');
        return eventStream(served.events(request.headers['last-event-id']));
      },
    },
    '/session/:id/signal': { POST: signal },
  };
}

function success(data?: object): ApiResponse {
  return json(200, { code: 0, message: 'success', ...(data && { data }) });
}

function checkPresent({ signal }: ApiRequest): void {
  if (signal.aborted) throw new RelayError('ERR_RELAY_ABORTED', 'The client has gone.');
}

/** `bytes` is the length of the body; an estimate if the server has parsed it. */
async function readJson(request: ApiRequest, maxBytes: number): Promise<{ value: unknown; bytes: number }> {
  let body: unknown;
  try {
    body = await request.readBody(maxBytes);
  } catch (error) {
    checkPresent(request);
    throw error;
  }
  if (typeof body !== 'string')
    return { value: body, bytes: Number(request.headers['content-length']) || maxBytes };
  try {
    return { value: JSON.parse(body), bytes: Buffer.byteLength(body) };
  } catch {
    throw new RelayError('ERR_RELAY_PARSE', 'The body is not valid JSON.');
  }
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
