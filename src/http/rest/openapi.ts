import { SESSION_TOKEN_HEADER } from '../../protocol/messages.js';
import { id, ref, schemas } from './openapi-schemas.js';

const jsonOf = (schema: object) => ({ 'application/json': { schema } });
const answer = (description: string, schema: object) => ({ description, content: jsonOf(schema) });

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

/** Of requests that are executed once for each key. */
const once = [{ $ref: '#/components/parameters/IdempotencyKey' }];

const readiness = (operationId: string) => ({
  get: {
    operationId,
    summary: 'Whether the relay can serve new sessions',
    security: [],
    responses: {
      '200': answer('An SFU node answers.', ref('Healthy')),
      '503': answer('No SFU node answers, the relay is closing, or the API is disabled.', ref('Unhealthy')),
      ...refusals,
    },
  },
});

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
        parameters: once,
        requestBody: { required: true, content: jsonOf(ref('NewSession')) },
        responses: { '200': answer('Joined.', ref('Created')), ...refusals },
      },
    },
    '/session/{session_id}': {
      ...ofSession,
      delete: {
        operationId: 'deleteSession',
        summary: 'Leaves the room',
        parameters: once,
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
        parameters: [
          { $ref: '#/components/parameters/LastEventId' },
          { $ref: '#/components/parameters/Received' },
        ],
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
        parameters: once,
        requestBody: { required: true, content: jsonOf({ $ref: 'wire.schema.json#/$defs/ClientMessage' }) },
        responses: {
          '200': answer('The result of a request.', { $ref: 'wire.schema.json#/$defs/RelayMessage' }),
          '204': { description: 'The notification was accepted.' },
          ...refusals,
        },
      },
    },
    '/health': readiness('getHealth'),
    '/health/ready': readiness('getReadiness'),
    '/health/live': {
      get: {
        operationId: 'getLiveness',
        summary: 'Whether the process answers',
        security: [],
        responses: { '200': answer('It does, whatever the SFU does.', ref('Alive')), ...refusals },
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
      IdempotencyKey: {
        name: 'Idempotency-Key',
        in: 'header',
        description:
          'A string that the client has never used for another request, such as a UUID, in quotes. A repeated request gets the first response. With another body it is refused with 422.',
        schema: { type: 'string' },
      },
      Received: {
        name: 'received',
        in: 'query',
        description:
          'Where a WebSocket with the capability `resume` serves the session: the number of counted frames that the client has received.',
        schema: { type: 'integer', minimum: 0 },
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
