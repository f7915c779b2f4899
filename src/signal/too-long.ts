import { RelayError } from '../errors.js';

/**
 * What a message beyond `maxMessageBytes` ends the connection by. An answer grows with every track that the SFU has ever
 * offered, and its client can't help that: joining again does.
 */
export function tooLong(text: string, maxMessageBytes: number): RelayError {
  // A quoted key can't be part of a string in JSON, where the quotes are escaped.
  if (/"method"\s{0,8}:\s{0,8}"answer"/.test(text))
    return new RelayError(
      'ERR_RELAY_REJOIN',
      `The answer is longer than ${maxMessageBytes} bytes, as many tracks have come and gone: join afresh.`,
    );
  return new RelayError('ERR_RELAY_TOO_LARGE', `The message is longer than ${maxMessageBytes} bytes.`);
}
