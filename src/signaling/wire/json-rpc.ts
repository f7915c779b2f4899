import { invalidParams, RelayError } from '../../protocol/errors.js';
import type { ErrorObject, RelayNotifications } from '../../protocol/messages.js';
import type { Target } from '../../protocol/types.js';
import { isRecord } from '../../util/is-record.js';
import { jsonText } from '../../util/json-text.js';

/** The id of a request. The response to one whose id could not be read has `null` (JSON-RPC 2.0 § 5). */
export type RpcId = string | number;

/** A request; a notification if `id` is undefined. */
export interface RpcMessage {
  id: RpcId | undefined;
  method: string;
  params: Readonly<Record<string, unknown>>;
}

/** The error of a message that is not valid, and the id to respond to. */
export class RpcRefusal {
  constructor(
    readonly id: RpcId | null,
    readonly error: RelayError,
    readonly method?: string,
  ) {}
}

function refuse(id: RpcId | null, message: string): RpcRefusal {
  return new RpcRefusal(id, new RelayError('ERR_RELAY_INVALID_REQUEST', message));
}

/** Parses a text frame. `jsonrpc` may be absent, as ion-sdk-js leaves it out. */
export function parseMessage(text: string): RpcMessage | RpcRefusal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new RpcRefusal(null, new RelayError('ERR_RELAY_PARSE', 'The message is not valid JSON.'));
  }
  return checkMessage(value);
}

/** Checks a parsed message. */
export function checkMessage(value: unknown): RpcMessage | RpcRefusal {
  if (Array.isArray(value)) return refuse(null, 'Batches are not supported: send one message a frame.');
  if (!isRecord(value)) return refuse(null, 'The message is not a JSON-RPC object.');
  const { jsonrpc, id, method, params = {} } = value;
  if (id !== undefined && typeof id !== 'string' && !(typeof id === 'number' && Number.isFinite(id)))
    return refuse(null, '"id" must be a string or a number.');
  const replyTo = id ?? null;
  if (jsonrpc !== undefined && jsonrpc !== '2.0') return refuse(replyTo, '"jsonrpc" must be "2.0".');
  if (typeof method !== 'string') return refuse(replyTo, '"method" must be a string.');
  if (!isRecord(params)) {
    const error = invalidParams('"params" must be an object.');
    return new RpcRefusal(replyTo, error, method);
  }
  return { id, method, params };
}

export function encodeResult(id: RpcId, result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result });
}

export function encodeError(id: RpcId | null, error: RelayError, method?: string): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: errorObject(error, id === null ? method : undefined),
  });
}

/** The last message of a connection that ends with an error: several errors share a close code. */
export function encodeFinalError(error: RelayError): string {
  const { data, ...rest } = errorObject(error);
  const { closeCode } = error;
  return JSON.stringify({ jsonrpc: '2.0', id: null, error: { ...rest, data: { ...data, closeCode } } });
}

/** The error as the client sees it. */
export function errorObject(error: RelayError, method?: string): ErrorObject {
  return {
    code: error.rpcCode,
    message: error.message,
    data: {
      code: error.code,
      ...(error.appCode !== undefined && { appCode: error.appCode }),
      retryable: error.retryable,
      ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
      ...(method !== undefined && { method }),
    },
  };
}

/** @param init the JSON of an RTCIceCandidateInit */
export function encodeTrickle(target: Target, init: string, peer?: number): string {
  if (peer !== undefined)
    return `{"jsonrpc":"2.0","method":"trickle","params":{"target":${target},"peer":${peer},"candidate":${init}}}`;
  return `{"jsonrpc":"2.0","method":"trickle","params":{"target":${target},"candidate":${init}}}`;
}

export function encodeNotification<Method extends keyof RelayNotifications>(
  method: Method,
  params: RelayNotifications[Method],
): string {
  return `{"jsonrpc":"2.0","method":"${method}","params":${jsonText(params)}}`;
}
