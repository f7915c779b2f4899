import { ERRORS } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import { SESSION_TOKEN_HEADER } from '../../protocol/messages.js';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const jsonOf = (schema: object) => ({ 'application/json': { schema } });
const answer = (description: string, schema: object) => ({ description, content: jsonOf(schema) });
const success = (data?: object) =>
  object({ code: { const: 0 }, message: { const: 'success' }, ...(data && { data }) });

/** Members are required unless they are named as optional. */
function object(properties: Record<string, object>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

const id = { type: 'string', minLength: 1, maxLength: LIMITS.maxIdLength };
const userId = { type: ['string', 'integer'], description: 'Returned as it was sent.' };
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
        user_id: { ...userId, description: 'Ignored if authentication names the user.' },
        role: { ...role, description: 'Default: publisher if the grants allow it.' },
        sdp: { ...sdp, description: 'The offer of the publisher connection.' },
        metadata: {
          type: 'object',
          description: 'Shown to the room; up to 4 KiB.',
        },
        auto_subscribe: { type: 'boolean', default: true, description: 'Receive every track of the room.' },
        replaces: {
          ...object({ session_id: id, session_token: { type: 'string' } }),
          description: 'A session of this client that the new one replaces: it ends.',
        },
      },
      ['session_id', 'user_id', 'role', 'metadata', 'auto_subscribe', 'replaces'],
    ),
    // Unknown members are ignored.
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
          description: 'RTCIceServers for the peer connections; absent if the relay has none.',
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
    message: { type: 'string', description: 'Human-readable.' },
    data: object(
      {
        code: ref('ErrorCode'),
        appCode: {
          type: 'string',
          description: "The application's own code; `code` is ERR_RELAY_FORBIDDEN then.",
        },
        retryable: { type: 'boolean', description: 'Whether the same request may succeed later.' },
        retryAfterMs: { ...milliseconds, description: 'ms after which to retry.' },
        method: { type: 'string', description: 'The method of a refused notification.' },
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

/** The REST API in OpenAPI 3.1, for `GET /openapi.json`. The contract tests check the adapters against it. */
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
        summary: "Statistics of the client's last two reports",
        responses: {
          '200': answer('The statistics; null if there are none.', ref('Statistics')),
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
              'Each event is a message of the wire (`RelayMessage` of wire.schema.json). The last one is `close`, with the code and reason of a WebSocket close frame.',
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
          '204': { description: 'The notification was accepted.' },
          ...refusals,
        },
      },
    },
    '/health': {
      get: {
        operationId: 'getHealth',
        summary: 'Health of the signalling to the SFU',
        security: [],
        responses: {
          '200': answer('The SFU answers.', ref('Healthy')),
          '503': answer('The SFU does not answer, or the API is disabled.', ref('Unhealthy')),
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
        'The refusal with its reason. `/signal` returns a JSON-RPC response if the message could be read.',
        { anyOf: [ref('Error'), ref('RpcError')] },
      ),
    },
    parameters: {
      SessionId: { name: 'session_id', in: 'path', required: true, schema: id },
      SessionToken: {
        name: SESSION_TOKEN_HEADER,
        in: 'header',
        description:
          'The session_token of the session. Required if the application does not name users; always checked when sent.',
        schema: { type: 'string' },
      },
      LastEventId: {
        name: 'Last-Event-ID',
        in: 'header',
        description: 'Resumes after this event if the following ones are still buffered.',
        schema: { type: 'string' },
      },
    },
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      query: {
        type: 'apiKey',
        in: 'query',
        name: 'token',
        description: 'For clients that cannot set headers: EventSource.',
      },
    },
  },
};
