import { RelayError, type RelayErrorCode } from '../protocol/errors.js';
import { ErrorCode } from './http2/frames.js';

/** gRPC's status codes (google.golang.org/grpc/codes), by number. */
export const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

type StatusName = (typeof STATUS_NAMES)[number];

/** The end of a call. */
export interface Status {
  code: StatusName;
  details: string;
  /** The server has not processed the call, so that it may be repeated (RFC 9113 § 8.7). */
  unprocessed?: boolean;
}

/** The gRPC status of an HTTP status (gRPC's http-grpc-status-mapping). */
const BY_HTTP_STATUS: Readonly<Record<number, StatusName>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** The gRPC status of a reset stream (gRPC's PROTOCOL-HTTP2). */
const BY_RESET: Readonly<Record<number, StatusName>> = {
  [ErrorCode.REFUSED_STREAM]: 'UNAVAILABLE',
  [ErrorCode.CANCEL]: 'CANCELLED',
  [ErrorCode.ENHANCE_YOUR_CALM]: 'RESOURCE_EXHAUSTED',
  [ErrorCode.INADEQUATE_SECURITY]: 'PERMISSION_DENIED',
};

/** The status in headers or trailers; undefined if there is none. */
export function statusOf(headers: Readonly<Record<string, string>>): Status | undefined {
  const number = headers['grpc-status'];
  if (number === undefined) return undefined;
  const details = headers['grpc-message'];
  return {
    code: STATUS_NAMES[Number(number || Number.NaN)] ?? 'UNKNOWN',
    details: details === undefined ? '' : decoded(details),
  };
}

export function statusOfHttp(httpStatus: number): Status {
  return { code: BY_HTTP_STATUS[httpStatus] ?? 'UNKNOWN', details: `HTTP status ${httpStatus}` };
}

export function statusOfReset(code: number): Status {
  return { code: BY_RESET[code] ?? 'INTERNAL', details: `the stream was reset with code ${code}` };
}

/** Decodes the percent-encoded `grpc-message`; one with an invalid encoding is returned unchanged. */
function decoded(details: string): string {
  try {
    return decodeURIComponent(details);
  } catch {
    return details;
  }
}

const BY_STATUS: Partial<Record<StatusName, [RelayErrorCode, string]>> = {
  UNAVAILABLE: ['ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached."],
  RESOURCE_EXHAUSTED: ['ERR_RELAY_SFU_UNAVAILABLE', 'The SFU is overloaded.'],
  DEADLINE_EXCEEDED: ['ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.'],
  UNAUTHENTICATED: ['ERR_RELAY_SFU_REFUSED', 'The SFU refused the relay.'],
  PERMISSION_DENIED: ['ERR_RELAY_SFU_REFUSED', 'The SFU refused the relay.'],
  UNIMPLEMENTED: ['ERR_RELAY_SFU_REFUSED', 'The server does not speak rtc.RTC (Ion SFU v1.10).'],
};

/** The error of an ended call. An `OK` is an error too, if the relay has not ended the call. */
export function errorFromStatus({ code, details }: Status): RelayError {
  const [errorCode, message] = BY_STATUS[code] ?? [
    'ERR_RELAY_SFU_STREAM_ENDED',
    'The SFU ended the session.',
  ];
  return new RelayError(errorCode, message, { cause: new Error(`gRPC ${code}: ${details}`) });
}
