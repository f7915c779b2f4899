import { RelayClientError } from './errors.js';
import { isString } from './wire-forms.js';

/**
 * Why a connection ended: the WebSocket's close code and reason (docs/PROTOCOL.md, close codes).
 * @category Client
 */
export interface CloseInfo {
  code: number;
  reason: string;
  /** Whether another connection may succeed: 1001, 1006, 1012, 4408, 4412, 4429 and 45xx. */
  retryable: boolean;
  /**
   * The relay's error that ended the connection, or the error of the last attempt to reconnect. `code` is 1006 if that attempt
   * failed without a close code.
   */
  error?: RelayClientError;
}

/**
 * The error that pending calls are rejected with when the WebSocket closes; `cause` is the {@link CloseInfo}.
 * @param final the error in the relay's last message
 */
export function closed(code = 1000, reason = '', final?: RelayClientError): RelayClientError {
  const retryable = /^(10(0[16]|12)|44(08|12|29)|45..)$/.test(`${code}`);
  const cause: CloseInfo = { code, reason, retryable };
  const name = final?.code ?? 'ERR_CLIENT_CLOSED';
  const message = final?.message || `The connection is closed (${`${code} ${reason}`.trim()}).`;
  const error = new RelayClientError(name, message, { ...final, retryable, cause });
  if (final) cause.error = error;
  return error;
}

/** The close that caused an error; undefined if it has another cause. */
export function closeInfoOf({ cause }: RelayClientError): CloseInfo | undefined {
  return isString((cause as CloseInfo | undefined)?.reason) ? (cause as CloseInfo) : undefined;
}

/** The close code that caused an error; undefined if it has another cause. */
export const closeCodeOf = (error: RelayClientError) => closeInfoOf(error)?.code;
