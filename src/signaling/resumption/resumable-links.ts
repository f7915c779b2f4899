import type { Principal } from '../../access/authentication.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import type { AuthenticatedClient } from '../authentication/authenticated-client.js';
import type { FrameLog } from './frame-log.js';
import { cannotResume, requireResumable } from './resume-params.js';

interface ResumableLink {
  readonly channel: { readonly log: FrameLog | undefined };
}

/** The links that serve sessions whose clients can resume. */
export class ResumableLinks<Link extends ResumableLink> {
  readonly #links = new WeakMap<object, Link>();

  serve(session: object, link: Link): void {
    this.#links.set(session, link);
  }

  /** @throws RelayError as `requireResumable` */
  find<P extends Principal>(
    relay: SfuRelay<P>,
    client: AuthenticatedClient<P>,
    params: Readonly<Record<string, unknown>>,
  ): { session: Session<P>; link: Link } {
    const session = requireResumable(relay, client, params);
    const link = this.#links.get(session);
    if (!link?.channel.log?.isResumable) throw cannotResume();
    return { session, link };
  }
}
