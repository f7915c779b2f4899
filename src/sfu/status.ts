import { type StatusObject, status } from '@grpc/grpc-js';
import { RelayError, type RelayErrorCode } from '../errors.js';

const BY_STATUS: Partial<Record<status, [RelayErrorCode, string]>> = {
  [status.UNAVAILABLE]: ['ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached."],
  [status.RESOURCE_EXHAUSTED]: ['ERR_RELAY_SFU_UNAVAILABLE', 'The SFU is overloaded.'],
  [status.DEADLINE_EXCEEDED]: ['ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.'],
  [status.UNAUTHENTICATED]: ['ERR_RELAY_SFU_REFUSED', 'The SFU refused the relay.'],
  [status.PERMISSION_DENIED]: ['ERR_RELAY_SFU_REFUSED', 'The SFU refused the relay.'],
  [status.UNIMPLEMENTED]: ['ERR_RELAY_SFU_REFUSED', 'The server does not speak rtc.RTC (Ion SFU v1.10).'],
};

/** How a stream's end looks to the core. An `OK` that this side did not ask for is an end all the same. */
export function errorFromStatus(end: Pick<StatusObject, 'code' | 'details'>): RelayError {
  const [code, message] = BY_STATUS[end.code] ?? ['ERR_RELAY_SFU_STREAM_ENDED', 'The SFU ended the session.'];
  return new RelayError(code, message, { cause: new Error(`gRPC ${status[end.code]}: ${end.details}`) });
}
