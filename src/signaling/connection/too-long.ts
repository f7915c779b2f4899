import { RelayError } from '../../protocol/errors.js';

/** Whether a message, which is too long to be parsed, is an answer. */
export function isAnswer(text: string): boolean {
  // A quoted key can't be part of a string in JSON, where the quotes are escaped.
  return /"method"\s{0,8}:\s{0,8}"answer"/.test(text);
}

/**
 * An answer grows with every track that the SFU has ever offered, and its client can't help that: it may connect again at
 * once.
 */
export function answerTooLong(maxMessageBytes: number): RelayError {
  return new RelayError(
    'ERR_RELAY_REJOIN',
    `The answer is longer than ${maxMessageBytes} bytes, as many tracks have come and gone: join afresh.`,
  );
}

export function tooLong(maxMessageBytes: number): RelayError {
  return new RelayError('ERR_RELAY_TOO_LARGE', `The message is longer than ${maxMessageBytes} bytes.`);
}
