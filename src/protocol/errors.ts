import { CloseCode } from './close-code.js';
import { readMember } from './read-member.js';

interface ErrorRow {
  /** JSON-RPC error code. */
  rpc: number;
  /** WebSocket close code, if the error ends the connection. */
  close: CloseCode;
  /** HTTP status. */
  http: number;
  /** Whether the same request may succeed later. */
  retryable: boolean;
}

const row = (rpc: number, close: CloseCode, http: number, retryable = false): ErrorRow => ({
  rpc,
  close,
  http,
  retryable,
});

/**
 * The JSON-RPC code, WebSocket close code and HTTP status of each error. Codes are stable.
 * @category Errors
 */
export const ERRORS = {
  /** An option or configuration value is wrong; thrown by constructors and `parseSfuConfig`, never sent. */
  ERR_RELAY_CONFIG: row(-32603, CloseCode.InternalError, 500),
  /** Not JSON. */
  ERR_RELAY_PARSE: row(-32700, CloseCode.BadRequest, 400),
  /** JSON, but not a JSON-RPC request or notification. */
  ERR_RELAY_INVALID_REQUEST: row(-32600, CloseCode.BadRequest, 400),
  ERR_RELAY_METHOD_NOT_FOUND: row(-32601, CloseCode.BadRequest, 404),
  /** A member is missing, of the wrong type, or beyond a limit. */
  ERR_RELAY_INVALID_PARAMS: row(-32602, CloseCode.BadRequest, 400),
  ERR_RELAY_INTERNAL: row(-32603, CloseCode.InternalError, 500),
  ERR_RELAY_UNAUTHENTICATED: row(-32001, CloseCode.Unauthorized, 401),
  ERR_RELAY_FORBIDDEN: row(-32003, CloseCode.Forbidden, 403),
  ERR_RELAY_SESSION_NOT_FOUND: row(-32004, CloseCode.BadRequest, 404),
  ERR_RELAY_SUBPROTOCOL: row(-32006, CloseCode.SubprotocolNotAcceptable, 406),
  /** A POST whose content type is not `application/json`: browsers allow any page to send the content types of forms. */
  ERR_RELAY_MEDIA_TYPE: row(-32007, CloseCode.BadRequest, 415),
  /** The client was too slow: to authenticate, to join, to answer an offer. */
  ERR_RELAY_CLIENT_TIMEOUT: row(-32008, CloseCode.Timeout, 408, true),
  /** The session id is taken, the user is in the room already, or another session of the user sends this track. */
  ERR_RELAY_SESSION_EXISTS: row(-32009, CloseCode.BadRequest, 409),
  /** A moderator or the application has removed the user from the room. */
  ERR_RELAY_REMOVED: row(-32012, CloseCode.Forbidden, 403),
  /** The room is locked: no new user may join. */
  ERR_RELAY_ROOM_LOCKED: row(-32014, CloseCode.Forbidden, 403, true),
  /** The room was ended. */
  ERR_RELAY_ROOM_ENDED: row(-32015, CloseCode.RoomEnded, 410),
  /** The SFU can't process the request for this peer, but can for another peer of the session, or after another join. */
  ERR_RELAY_REJOIN: row(-32016, CloseCode.Rejoin, 412, true),
  /** The server that authentication depends on does not answer: a key server, an authorization server. */
  ERR_RELAY_AUTH_UNAVAILABLE: row(-32002, CloseCode.SfuUnavailable, 503, true),
  /** The token has expired, and the client has not sent another one in time. */
  ERR_RELAY_EXPIRED: row(-32005, CloseCode.Unauthorized, 401),
  /** The user has joined the room elsewhere, or another join has replaced the session. */
  ERR_RELAY_REPLACED: row(-32011, CloseCode.Replaced, 409),
  /** Well-formed, but not possible in this state: an answer without an offer, a second join, a request before the join. */
  ERR_RELAY_INVALID_STATE: row(-32010, CloseCode.BadRequest, 409),
  ERR_RELAY_TOO_LARGE: row(-32013, CloseCode.MessageTooLarge, 413),
  /** The SFU would refuse the SDP or the ICE candidate, or crash. */
  ERR_RELAY_INVALID_SDP: row(-32022, CloseCode.BadRequest, 422),
  ERR_RELAY_TOO_MANY: row(-32029, CloseCode.TooManyRequests, 429, true),
  /** The client did not read its messages in time. */
  ERR_RELAY_SLOW_CONSUMER: row(-32030, CloseCode.SlowConsumer, 408, true),
  /** Cancelled by an `AbortSignal`, or by a connection that closed. */
  ERR_RELAY_ABORTED: row(-32040, CloseCode.Normal, 499),
  /** This relay is closing. */
  ERR_RELAY_CLOSED: row(-32041, CloseCode.GoingAway, 503, true),
  /** This process is about to end: the session can be resumed on a connection to another one. */
  ERR_RELAY_RESTART: row(-32044, CloseCode.ServiceRestart, 503, true),
  /** The state that the relays share cannot be reached. Whether the request has changed it is not known. */
  ERR_RELAY_UNAVAILABLE: row(-32043, CloseCode.SfuUnavailable, 503, true),
  /** The SFU is disabled in the configuration: `enabled: false`. */
  ERR_RELAY_DISABLED: row(-32042, CloseCode.SfuUnavailable, 503),
  /** The SFU refused the request (`success: false`), or does not implement rtc.RTC. */
  ERR_RELAY_SFU_REFUSED: row(-32050, CloseCode.SfuError, 502),
  /** The SFU ended the session's stream. */
  ERR_RELAY_SFU_STREAM_ENDED: row(-32052, CloseCode.SfuError, 502, true),
  /** The SFU can't be reached. */
  ERR_RELAY_SFU_UNAVAILABLE: row(-32053, CloseCode.SfuUnavailable, 503, true),
  /** The SFU does not answer. */
  ERR_RELAY_SFU_TIMEOUT: row(-32054, CloseCode.SfuTimeout, 504, true),
} as const satisfies Record<string, ErrorRow>;

/** @category Errors */
export type RelayErrorCode = keyof typeof ERRORS;

/** @category Errors */
export interface RelayErrorOptions extends ErrorOptions {
  /** ms after which the same request may succeed. */
  retryAfterMs?: number;
}

/** Marks errors of every copy of this library in the process: an ESM and a CommonJS build, two installed versions. */
const BRAND = Symbol.for('sfu-relay.RelayError');

/** The maximum length of an application's code, in UTF-16 code units. */
const MAX_APP_CODE_LENGTH = 128;

/**
 * Every error of this library. Applications throw it to refuse a request. Clients receive `message`; details for the log belong in
 * `cause`.
 *
 * An application may use codes of its own: `new RelayError('ERR_NO_COINS', 'You have no coins left.')`. Such an error has
 * the `code` `ERR_RELAY_FORBIDDEN`, and its own code as `appCode`; the client gets both (`data.code`, `data.appCode`).
 *
 * `instanceof RelayError` also holds for the errors of another copy of the library in the same process.
 * @category Errors
 */
export class RelayError extends Error {
  override readonly name = 'RelayError';
  readonly code: RelayErrorCode;
  /** The application's own code, if it has thrown one; at most 128 characters. */
  readonly appCode: string | undefined;
  /** ms after which the same request may succeed, if known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: RelayErrorCode | (string & {}), message: string, options: RelayErrorOptions = {}) {
    super(message, options);
    const isOurs = isRelayCode(code);
    this.code = isOurs ? code : 'ERR_RELAY_FORBIDDEN';
    this.appCode = isOurs ? undefined : readAppCode(code);
    this.retryAfterMs = readDuration(options.retryAfterMs);
    made.add(this);
  }

  /** JSON-RPC error code, -32768 to -32000. */
  get rpcCode(): number {
    return rowOf(this).rpc;
  }

  /** The close code of a WebSocket that this error ends. */
  get closeCode(): CloseCode {
    return rowOf(this).close;
  }

  get httpStatus(): number {
    return rowOf(this).http;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return rowOf(this).retryable;
  }

  /** For `JSON.stringify()`: the members that a client may read, without the cause and the stack. */
  toJSON(): {
    name: string;
    code: RelayErrorCode;
    appCode?: string;
    message: string;
    retryable: boolean;
    retryAfterMs?: number;
  } {
    const { name, code, appCode, message, retryable, retryAfterMs } = this;
    return {
      ...{ name, code, message, retryable },
      ...(appCode !== undefined && { appCode }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }

  /**
   * Converts any thrown value to a RelayError whose members can be read. An unknown value becomes the cause of an internal error.
   * Never throws.
   */
  static from(
    error: unknown,
    code: RelayErrorCode = 'ERR_RELAY_INTERNAL',
    message = 'Internal error.',
  ): RelayError {
    if (!isBranded(error)) return new RelayError(code, message, { cause: error });
    return isSound(error) ? error : copyOf(error);
  }
}

Object.defineProperty(RelayError.prototype, BRAND, { value: true });
Object.defineProperty(RelayError, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    // A subclass of the application inherits this method, but matches only its own instances.
    return this === RelayError ? isBranded(value) : Function.prototype[Symbol.hasInstance].call(this, value);
  },
});

/** The error of requests to a relay, or an SFU connection, that is closing. */
export function closing(): RelayError {
  return new RelayError('ERR_RELAY_CLOSED', 'The relay is closing.');
}

export function invalidParams(message: string, options?: RelayErrorOptions): RelayError {
  return new RelayError('ERR_RELAY_INVALID_PARAMS', message, options);
}

export function invalidState(message: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_STATE', message);
}

function isRelayCode(code: unknown): code is RelayErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

function readAppCode(code: unknown): string | undefined {
  return typeof code === 'string' ? code.slice(0, MAX_APP_CODE_LENGTH) : undefined;
}

/** The duration is sent as a JSON number and as an HTTP header. */
function readDuration(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined;
}

/** The application may have changed the code of the error. */
function rowOf({ code }: RelayError): ErrorRow {
  return isRelayCode(code) ? ERRORS[code] : ERRORS.ERR_RELAY_FORBIDDEN;
}

function isBranded(value: unknown): value is object {
  return typeof value === 'object' && value !== null && readMember(value, BRAND) === true;
}

/** Whether this copy of the library made the error and its members are unchanged. Calls no getter and no trap of a Proxy. */
function isSound(error: object): error is RelayError {
  if (!made.has(error)) return false;
  const own = (name: keyof RelayError) => {
    const { value, get } = Object.getOwnPropertyDescriptor(error, name) ?? {};
    return get ?? value;
  };
  const [appCode, retryAfterMs] = [own('appCode'), own('retryAfterMs')];
  return (
    typeof own('message') === 'string' &&
    isRelayCode(own('code')) &&
    (appCode === undefined || typeof appCode === 'string') &&
    (retryAfterMs === undefined || readDuration(retryAfterMs) !== undefined) &&
    DERIVED.every((name) => !Object.hasOwn(error, name)) &&
    Object.getPrototypeOf(error) === RelayError.prototype
  );
}

/** The members that are derived from the code. */
const DERIVED = ['rpcCode', 'closeCode', 'httpStatus', 'retryable', 'toJSON'] as const;

/** The errors that this copy of the library has made. */
const made = new WeakSet<object>();

/** Copies an error of another copy of the library, of a subclass, or one that was changed: its members may have any type. */
function copyOf(error: object): RelayError {
  const [code, appCode, message, retryAfterMs, stack] = (
    ['code', 'appCode', 'message', 'retryAfterMs', 'stack'] as const
  ).map((name) => readMember(error, name));
  const copy = new RelayError(
    typeof appCode === 'string' ? appCode : typeof code === 'string' ? code : 'ERR_RELAY_INTERNAL',
    typeof message === 'string' ? message : 'Internal error.',
    {
      cause: readMember(error, 'cause'),
      retryAfterMs: retryAfterMs as number,
    },
  );
  if (typeof stack === 'string') copy.stack = stack;
  return copy;
}
