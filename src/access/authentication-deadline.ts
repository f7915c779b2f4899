import { withDeadline } from '../util/deadline.js';
import { isPromise } from '../util/is-promise.js';
import type { Authenticate, Principal } from './authentication.js';

/**
 * Makes `authenticate` reject after `timeoutMs`; otherwise a request over HTTP could wait forever. The call is not cancelled,
 * and its late result is ignored.
 */
export function withAuthenticationDeadline<P extends Principal>(
  authenticate: Authenticate<P>,
  timeoutMs: number,
): Authenticate<P> {
  const late = () =>
    new Error(
      `authenticate() has not answered within ${timeoutMs} ms ("authenticateTimeoutMs"): give what it waits for a shorter timeout`,
    );
  return (request) => {
    const answer = authenticate(request);
    return isPromise(answer) ? withDeadline(answer, timeoutMs, late) : answer;
  };
}
