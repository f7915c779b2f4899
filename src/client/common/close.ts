import { RelayClientError } from './errors.js';

/**
 * Why a connection ended: the WebSocket's close code and reason (docs/PROTOCOL.md, close codes).
 * @category Client
 */
export interface CloseInfo {
  code: number;
  reason: string;
  /** Whether connecting again may help: 1001, 1006, 4408, 4412, 4429 and 45xx. */
  retryable: boolean;
  /**
   * The relay's error that ended it; or what the last attempt to come back failed of, and `code` is 1006 where that was no
   * close of a WebSocket.
   */
  error?: RelayClientError;
}

/** The usual error of each close code, where the relay's last message did not arrive. */
const ERROR_OF_CODE: Readonly<Record<number, string>> = {
  1001: 'CLOSED',
  4400: 'INVALID_REQUEST',
  4401: 'UNAUTHENTICATED',
  4403: 'FORBIDDEN',
  4406: 'SUBPROTOCOL',
  4408: 'CLIENT_TIMEOUT',
  4409: 'REPLACED',
  4410: 'ROOM_ENDED',
  4412: 'REJOIN',
  4413: 'TOO_LARGE',
  4429: 'TOO_MANY',
  4500: 'INTERNAL',
  4502: 'SFU_STREAM_ENDED',
  4503: 'SFU_UNAVAILABLE',
  4504: 'SFU_TIMEOUT',
  4508: 'SLOW_CONSUMER',
};

/**
 * What a close of the WebSocket means to those who wait; `cause` is the {@link CloseInfo}.
 * @param final the relay's last message, where that named the error
 */
export function closed(code = 1000, reason = '', final?: RelayClientError): RelayClientError {
  const retryable = /^(1001|1006|4408|4412|4429|45..)$/.test(`${code}`);
  const cause: CloseInfo = { code, reason, retryable };
  const usual = ERROR_OF_CODE[code];
  const name = final?.code ?? (usual ? `ERR_RELAY_${usual}` : 'ERR_CLIENT_CLOSED');
  const what = reason ? `${code} ${reason}` : code;
  const message = final?.message || (usual && reason) || `The connection to the relay is closed (${what}).`;
  const error = new RelayClientError(name, message, { ...final, retryable, cause });
  if (final || usual) cause.error = error;
  return error;
}

/** The close that an error stands for, where it stands for one. */
export function closeInfoOf({ cause }: RelayClientError): CloseInfo | undefined {
  return typeof (cause as CloseInfo | undefined)?.reason === 'string' ? (cause as CloseInfo) : undefined;
}

/** The close code behind an error, where there is one. */
export const closeCodeOf = (error: RelayClientError) => closeInfoOf(error)?.code;
