import { RelayError } from '../protocol/errors.js';

export function notOpen(): RelayError {
  return new RelayError('ERR_RELAY_CLOSED', 'This process does not have the room open.');
}

export function noSeat(): RelayError {
  return new RelayError('ERR_RELAY_SESSION_NOT_FOUND', 'The session is not in the room.');
}
