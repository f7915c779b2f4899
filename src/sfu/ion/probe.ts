import type { CallListener, GrpcCall } from '../../grpc/grpc-connection.js';
import { errorFromStatus } from '../../grpc/status.js';
import { RelayError } from '../../protocol/errors.js';
import type { CancelSignal } from '../../util/cancellation.js';
import { encodeRefusedTrickle } from './join-race.js';

function unanswered({ reason }: CancelSignal): Error {
  return new Error(
    'there is a connection, but no answer to a call in time: does the SFU hang, does a proxy hold the call back?',
    { cause: reason },
  );
}

/**
 * Checks whether the SFU answers, by a stream with one trickle: without a join Ion refuses it and keeps nothing.
 * @returns an error if the server has not processed the call, which may then be repeated
 */
export function probe(
  open: (listener: CallListener) => GrpcCall,
  signal: CancelSignal,
): Promise<RelayError | undefined> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const call = open({
      onMessage() {
        answered = true;
        call.end();
      },
      onEnd(end) {
        signal.removeEventListener('abort', abort);
        if (answered) resolve(undefined);
        else if (signal.aborted || end.code === 'CANCELLED')
          reject(
            new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.', {
              cause: unanswered(signal),
            }),
          );
        else if (end.unprocessed) resolve(errorFromStatus(end));
        else reject(errorFromStatus(end));
      },
    });
    const abort = () => call.cancel();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else call.write(encodeRefusedTrickle());
  });
}
