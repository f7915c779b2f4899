import { ERRORS } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import { SESSION_TOKEN_HEADER } from '../../protocol/messages.js';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const jsonOf = (schema: object) => ({ 'application/json': { schema } });
const answer = (description: string, schema: object) => ({ description, content: jsonOf(schema) });
const success = (data?: object) =>
  object({ code: { const: 0 }, message: { const: 'success' }, ...(data && { data }) });

/** All members are there, unless named as optional. */
function object(properties: Record<string, object>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

const id = { type: 'string', minLength: 1, maxLength: LIMITS.maxIdLength };
const userId = { type: ['string', 'integer'], description: 'Comes back as it was sent.' };
const role = { enum: ['publisher', 'subscriber'] };
const sdp = { type: 'string', maxLength: LIMITS.maxSdpLength };
const figure = (unit: string) => ({
  type: ['number', 'null'],
  description: `${unit}; null until it is measured`,
});
const bitrate = figure('bit/s');
const milliseconds = { type: 'number', description: 'ms' };

const refusals = {
  '4XX': { $ref: '#/components/responses/Refused' },
  '5XX': { $ref: '#/components/responses/Refused' },
};
const ofSession = {
  parameters: [
    { $ref: '#/components/parameters/SessionId' },
    { $ref: '#/components/parameters/SessionToken' },
  ],
};

const schemas = {
  NewSession: {
    ...object(
      {
        session_id: { ...id, description: 'Default: a random UUID.' },
        room_id: id,
        user_id: { ...userId, description: 'What authentication says of the user wins.' },
        role: { ...role, description: 'Default: publisher, where the grants allow it.' },
        sdp: { ...sdp, description: 'The offer of the publisher connection.' },
        metadata: {
          type: 'object',
          description: 'What the room gets to see of the participant; up to 4 KiB.',
        },
        auto_subscribe: { type: 'boolean', default: true, description: 'Receive every track of the room.' },
        replaces: {
          ...object({ session_id: id, session_token: { type: 'string' } }),
          description: 'A session of this client, which ends: the new one takes its place.',
        },
      },
      ['session_id', 'user_id', 'role', 'metadata', 'auto_subscribe', 'replaces'],
    ),
    // What it does not know, it ignores.
    additionalProperties: true,
  },
  Created: success(
    object(
      {
        session_id: id,
        sdp: { ...sdp, description: "The answer, with the SFU's candidates." },
        session_token: { type: 'string', description: `A secret, for the header ${SESSION_TOKEN_HEADER}.` },
        ice_servers: {
          type: 'array',
          items: object({ urls: {}, username: { type: 'string' }, credential: { type: 'string' } }, [
            'username',
            'credential',
          ]),
          description: 'RTCIceServers for the peer connections; left out where the relay has none.',
        },
      },
      ['ice_servers'],
    ),
  ),
  Statistics: success(
    object({
      session_id: id,
      room_id: id,
      user_id: userId,
      role,
      video_bitrate: bitrate,
      audio_bitrate: bitrate,
      packet_loss: { ...figure('a share'), minimum: 0, maximum: 1 },
      jitter: figure('ms'),
      round_trip_time: figure('ms'),
    }),
  ),
  Success: success(),
  Healthy: object({ status: { const: 'ok' } }),
  Unhealthy: object(
    {
      status: { enum: ['unavailable', 'disabled'] },
      nodes: {
        type: 'array',
        description: 'With the option `healthDetails: "full"` only.',
        items: object(
          {
            server_url: { type: 'string' },
            status: { enum: ['ok', 'unavailable'] },
            code: ref('ErrorCode'),
            message: { type: 'string' },
          },
          ['code', 'message'],
        ),
      },
    },
    ['nodes'],
  ),
  ErrorCode: { enum: Object.keys(ERRORS) },
  Error: object({
    code: { type: 'integer', not: { const: 0 }, description: 'A JSON-RPC error code.' },
    message: { type: 'string', description: 'For people.' },
    data: object(
      {
        code: ref('ErrorCode'),
        appCode: {
          type: 'string',
          description: "The application's own code; `code` is ERR_RELAY_FORBIDDEN then.",
        },
        retryable: { type: 'boolean', description: 'Whether the same request may succeed later.' },
        retryAfterMs: { ...milliseconds, description: 'ms after which it may.' },
        method: { type: 'string', description: 'Of a refused notification.' },
      },
      ['appCode', 'retryAfterMs', 'method'],
    ),
  }),
  RpcError: object({
    jsonrpc: { const: '2.0' },
    id: { type: ['string', 'number', 'null'] },
    error: ref('Error'),
  }),
};

/** The REST API as OpenAPI 3.1, as `GET /openapi.json` gives it; the contract suite holds the adapters to it. */
export const openApi = {
  openapi: '3.1.0',
  info: {
    title: 'sfu-relay',
    version: '1',
    description: 'Sessions on the Ion SFU over HTTP, in your own Node server.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '.', description: 'Where the API is mounted.' }],
  security: [{ bearer: [] }, { query: [] }, {}],
  paths: {
    '/session': {
      post: {
        operationId: 'createSession',
        summary: 'Joins a room',
        requestBody: { required: true, content: jsonOf(ref('NewSession')) },
        responses: { '200': answer('Joined.', ref('Created')), ...refusals },
      },
    },
    '/session/{session_id}': {
      ...ofSession,
      delete: {
        operationId: 'deleteSession',
        summary: 'Leaves the room',
        responses: { '200': answer('Left.', ref('Success')), ...refusals },
      },
    },
    '/session/{session_id}/stats': {
      ...ofSession,
      get: {
        operationId: 'getStatistics',
        summary: "Figures of the client's last two reports",
        responses: {
          '200': answer('The figures; null where there are none.', ref('Statistics')),
          ...refusals,
        },
      },
    },
    '/session/{session_id}/events': {
      ...ofSession,
      get: {
        operationId: 'getEvents',
        summary: "The session's messages, as server-sent events",
        parameters: [{ $ref: '#/components/parameters/LastEventId' }],
        responses: {
          '200': {
            description:
              'Each event is a message of the wire (`RelayMessage` of wire.schema.json), but for the last one, `close`, with code and reason of a WebSocket.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          ...refusals,
        },
      },
    },
    '/session/{session_id}/signal': {
      ...ofSession,
      post: {
        operationId: 'signal',
        summary: 'Sends a message',
        requestBody: { required: true, content: jsonOf({ $ref: 'wire.schema.json#/$defs/ClientMessage' }) },
        responses: {
          '200': answer('The result of a request.', { $ref: 'wire.schema.json#/$defs/RelayMessage' }),
          '204': { description: 'A notification was taken.' },
          ...refusals,
        },
      },
    },
    '/health': {
      get: {
        operationId: 'getHealth',
        summary: 'Whether the signalling loop to the SFU works',
        security: [],
        responses: {
          '200': answer('It works.', ref('Healthy')),
          '503': answer('It does not, or is switched off.', ref('Unhealthy')),
          ...refusals,
        },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'getOpenApi',
        summary: 'This document',
        security: [],
        responses: { '200': answer('OpenAPI 3.1.', { type: 'object' }), ...refusals },
      },
    },
    '/wire.schema.json': {
      get: {
        operationId: 'getWireSchema',
        summary: 'The messages of the wire',
        security: [],
        responses: { '200': answer('JSON Schema 2020-12.', { type: 'object' }), ...refusals },
      },
    },
  },
  components: {
    schemas,
    responses: {
      Refused: answer(
        'Refused, and why. `/signal` says so in a JSON-RPC response where the message could be read.',
        { anyOf: [ref('Error'), ref('RpcError')] },
      ),
    },
    parameters: {
      SessionId: { name: 'session_id', in: 'path', required: true, schema: id },
      SessionToken: {
        name: SESSION_TOKEN_HEADER,
        in: 'header',
        description:
          'The session_token of the session. Wanted where the application names no user; checked wherever it is sent.',
        schema: { type: 'string' },
      },
      LastEventId: {
        name: 'Last-Event-ID',
        in: 'header',
        description: 'Goes on after this event, where the ones that follow it are still there.',
        schema: { type: 'string' },
      },
    },
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      query: {
        type: 'apiKey',
        in: 'query',
        name: 'token',
        description: 'Where headers can not be set: EventSource.',
      },
    },
  },
};
