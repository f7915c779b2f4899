import type { Principal } from '../access/authentication.js';
import { RelayError } from '../protocol/errors.js';
import type { SfuRelay } from '../relay/relay.js';
import { type ApiRequest, type ApiResponse, refusal } from './exchange.js';

/** Counts and logs why a request has failed. Returns the response that says so. */
export function failed<P extends Principal>(
  relay: Pick<SfuRelay<P>, 'counters' | 'logger'>,
  { method, path }: Pick<ApiRequest, 'method' | 'path'>,
  error: unknown,
): ApiResponse {
  const failure = RelayError.from(error);
  relay.counters.refused.add(failure.code);
  const fields = { err: error, method, path };
  if (failure.code === 'ERR_RELAY_INTERNAL') relay.logger.error(fields, 'A request failed');
  else relay.logger.info(fields, 'A request was refused');
  return refusal(failure);
}
