import { type ChannelCredentials, type ClientOptions, connectivityState } from '@grpc/grpc-js';
import { RelayError } from '../errors.js';
import { RTCClient } from './gen/rtc.js';

/** One HTTP/2 connection to the SFU, shared by the sessions that it has room for. */
export class Channel {
  readonly client: RTCClient;
  /** Streams that are open, or about to be. */
  streams = 0;
  /** The SFU was silent when it should have answered: no new stream until it says something again. */
  suspect = false;
  #closed = false;

  constructor(address: string, credentials: ChannelCredentials, options: ClientOptions) {
    this.client = new RTCClient(address, credentials, options);
  }

  /**
   * Resolves when the connection stands. grpc-js has no deadline of its own for this.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE` as soon as connecting fails, `ERR_RELAY_SFU_TIMEOUT` after `timeoutMs`.
   */
  async ready(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const channel = this.client.getChannel();
    const deadline = Date.now() + timeoutMs;
    let state = channel.getConnectivityState(true);
    while (state !== connectivityState.READY) {
      if (signal.aborted) throw new RelayError('ERR_RELAY_ABORTED', 'Cancelled.', { cause: signal.reason });
      if (this.#closed) throw new RelayError('ERR_RELAY_CLOSED', 'The relay is closing.');
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN)
        throw unavailable('the connection was refused or lost');
      if (Date.now() >= deadline) {
        this.suspect = true;
        const cause = new Error(`no connection within ${timeoutMs} ms`);
        throw new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.', { cause });
      }
      await this.#stateAfter(state, deadline, signal);
      state = channel.getConnectivityState(true);
    }
  }

  close(): void {
    this.#closed = true;
    this.client.close();
  }

  #stateAfter(state: connectivityState, deadline: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      this.client.getChannel().watchConnectivityState(state, deadline, done);
    });
  }
}

function unavailable(why: string): RelayError {
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached.", { cause: new Error(why) });
}
