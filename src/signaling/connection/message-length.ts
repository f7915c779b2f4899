import { RelayError } from '../../protocol/errors.js';
import { RpcRefusal } from '../wire/json-rpc.js';

/** Whether a message that is too long to be parsed is an answer. */
export function isAnswer(text: string): boolean {
  // Inside a JSON string the quotes would be escaped.
  return /"method"\s{0,8}:\s{0,8}"answer"/.test(text);
}

/** An answer grows with each track that the SFU has ever offered: its client is not at fault, and may reconnect. */
export function answerTooLong(maxMessageBytes: number): RelayError {
  return new RelayError(
    'ERR_RELAY_REJOIN',
    `The answer is longer than ${maxMessageBytes} bytes, as many tracks have come and gone: join afresh.`,
  );
}

export function binaryFrame(): RpcRefusal {
  const error = new RelayError('ERR_RELAY_INVALID_REQUEST', 'Send text frames, not binary ones.');
  return new RpcRefusal(null, error);
}

export function tooLong(maxMessageBytes: number): RelayError {
  return new RelayError('ERR_RELAY_TOO_LARGE', `The message is longer than ${maxMessageBytes} bytes.`);
}
