import type { ClientRequests } from '../../protocol/messages.js';
import type { RelayClientError } from '../common/errors.js';
import type { DesiredState } from './desired-state.js';
import { NOTHING, PEER } from './peer-changes.js';
import type { ClientSession } from './session.js';

interface CallsOptions {
  /** @throws RelayClientError `ERR_CLIENT_STATE` */
  requireJoined(): DesiredState;
  /** What a call has to wait for at the moment. */
  pending(wait: number): Promise<void> | undefined;
  current(): readonly [session: ClientSession | undefined, desired: DesiredState | undefined];
  rejoin(): Promise<void>;
}

/** The application's calls. */
export function calls({ requireJoined, pending, current, rejoin }: CallsOptions) {
  /** Runs a task in the session. If that is being replaced, runs it in the next one. */
  const perform = async <Result>(
    task: (session: ClientSession, desired: DesiredState) => Promise<Result>,
    wait: number = PEER,
  ) => {
    const wanted = requireJoined();
    for (;;) {
      const change = pending(wait);
      if (change) await change;
      wanted.ended.throwIfAborted();
      const [session] = current();
      if (change || !session) continue;
      try {
        return await task(session, wanted);
      } catch (error) {
        if ((error as RelayClientError).code === 'ERR_RELAY_REJOIN') await rejoin();
        const [next, desired] = current();
        if (session === next || desired !== wanted) throw error;
      }
    }
  };

  return {
    perform,

    /** A request that needs no peer. */
    request: <Method extends keyof ClientRequests>(
      method: Method,
      params: ClientRequests[Method]['params'],
    ): Promise<ClientRequests[Method]['result']> =>
      perform(({ rpc }) => rpc.request(method, params), NOTHING),
  };
}
