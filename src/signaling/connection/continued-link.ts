import type { Principal } from '../../access/authentication.js';
import type { ResolvedResumption } from '../../relay/resumption-options.js';
import type { Session } from '../../session/session.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import { assumeOwner } from '../authentication/session-ownership.js';
import { FrameLog } from '../resumption/frame-log.js';
import type { MovedLink } from '../resumption/moved-link.js';
import type { RpcHandler } from '../rpc/rpc-handler.js';
import type { Absence } from './absence.js';
import type { LinkChannel } from './link-channel.js';

interface NewLink<P extends Principal> {
  readonly channel: LinkChannel;
  readonly absence: Absence<P>;
  readonly handler: RpcHandler<P> | undefined;
  authenticated(client: AuthenticatedClient<P>): void;
  expired(): void;
}

/** The client of a session comes from another process, and goes on with a link that has no connection yet. */
export function continueOn<P extends Principal>(
  link: NewLink<P>,
  session: Session<P>,
  client: AuthenticatedClient<P>,
  moved: MovedLink,
  resumption: ResolvedResumption,
): void {
  link.authenticated(client);
  assumeOwner(session, client, moved.proof.hashes);
  const { served } = link.handler as RpcHandler<P>;
  served.capabilities = moved.capabilities;
  served.adopt(session);
  link.channel.log = FrameLog.restore(resumption, moved.log);
  served.listen();
  const reason = 'The client comes from another process.';
  const { graceMs } = resumption;
  link.absence.assume(session, { reason, graceMs, onExpired: () => link.expired(), known: moved });
}

/** Whether another link can take the place of this one, in another process. */
export function canContinue<P extends Principal>({
  channel,
  handler,
}: Pick<NewLink<P>, 'channel' | 'handler'>): boolean {
  const { served } = handler ?? {};
  return served?.session?.state === 'joined' && served.canRejoin && channel.log?.isResumable === true;
}
