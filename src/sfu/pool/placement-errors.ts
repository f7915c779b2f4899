import { RelayError } from '../../protocol/errors.js';

/** For the operator who asks for a move. */
export function unavailable(message: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', message);
}

/** All nodes that are up have as many streams as they may. */
export function full(): RelayError {
  const cause = new Error('the nodes that are up have maxStreams streams');
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', 'The SFU is full: try again later.', { cause });
}

export function noNode(reason: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached.", {
    cause: new Error(reason),
  });
}
