import { RelayError } from '../protocol/errors.js';
import { checkOptions } from './check-options.js';

interface SignalOptions {
  /** Cancels the call. */
  signal?: AbortSignal;
}

/**
 * The signal among the options of a call.
 * @param example how the call is written
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function readSignal(name: string, example: string, options: SignalOptions): AbortSignal | undefined {
  checkOptions({ name, example, code: 'ERR_RELAY_INVALID_PARAMS' }, options, { signal: true });
  const { signal } = options;
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', `"signal" must be an AbortSignal: write ${example}.`);
  return signal;
}
