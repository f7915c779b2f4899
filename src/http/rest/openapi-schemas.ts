import { ERRORS } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import { SESSION_TOKEN_HEADER } from '../../protocol/messages.js';

export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const success = (data?: object) =>
  object({ code: { const: 0 }, message: { const: 'success' }, ...(data && { data }) });

/** Members are required unless they are named as optional. */
function object(properties: Record<string, object>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

export const id = { type: 'string', minLength: 1, maxLength: LIMITS.maxIdLength };
const userId = { type: ['string', 'integer'], description: 'Returned as it was sent.' };
const role = { enum: ['publisher', 'subscriber'] };
const sdp = { type: 'string', maxLength: LIMITS.maxSdpLength };
const figure = (unit: string) => ({
  type: ['number', 'null'],
  description: `${unit}; null until it is measured`,
});
const bitrate = figure('bit/s');
const milliseconds = { type: 'number', description: 'ms' };

const healthOfBackplane = object({ status: { enum: ['ok', 'unavailable'] } });
const healthOfNodes = {
  type: 'array',
  description: 'With the option `healthDetails: "full"` only.',
  items: object(
    {
      server_url: { type: 'string' },
      status: { enum: ['ok', 'unavailable'] },
      code: ref('ErrorCode'),
      message: { type: 'string' },
      cause: { type: 'string', description: 'For the operator: the reason, and what to write.' },
    },
    ['code', 'message', 'cause'],
  ),
};

/** The bodies of requests and responses. */
export const schemas = {
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
        capabilities: {
          type: 'array',
          items: { type: 'string' },
          description: 'What the client supports: "rejoin". Unknown values are ignored.',
        },
      },
      ['session_id', 'user_id', 'role', 'metadata', 'auto_subscribe', 'replaces', 'capabilities'],
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
  Healthy: object({ status: { const: 'ok' }, nodes: healthOfNodes, backplane: healthOfBackplane }, [
    'nodes',
    'backplane',
  ]),
  Unhealthy: object(
    {
      status: { enum: ['unavailable', 'closing', 'disabled'] },
      nodes: healthOfNodes,
      backplane: healthOfBackplane,
    },
    ['nodes', 'backplane'],
  ),
  Alive: object({ status: { const: 'ok' } }),
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
