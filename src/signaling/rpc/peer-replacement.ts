import type { Principal } from '../../access/authentication.js';
import { invalidParams, RelayError } from '../../protocol/errors.js';
import type { Capability } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import { readRenamed } from '../../session/peer/next-peer.js';
import type { Session } from '../../session/session.js';
import { Cancellation } from '../../util/cancellation.js';
import { EarlyCandidates } from './early-candidates.js';
import { checkJoinShape } from './join-params.js';

type Params = Readonly<Record<string, unknown>>;

const KNOWN: readonly Capability[] = ['rejoin', 'resume'];

/** The client's capabilities that this relay knows. @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function readCapabilities({ capabilities = [] }: Params): Capability[] {
  if (!Array.isArray(capabilities)) throw invalidParams('"capabilities" must be a list of strings.');
  return KNOWN.filter((each) => capabilities.includes(each));
}

/** One `rejoin` of a client: it replaces the peer of its session. */
export class PeerReplacement<P extends Principal> {
  readonly #session: Session<P>;
  readonly #number: number;
  /** The new peer's candidates, until it has joined. */
  readonly #early = new EarlyCandidates();
  readonly #cancel = new Cancellation();

  constructor(session: Session<P>, { peer }: Params) {
    this.#session = session;
    this.#number = peer as number;
  }

  /** The queue for a candidate if it is of the new peer. */
  earlyOf({ peer }: Params): EarlyCandidates | undefined {
    return peer === this.#number ? this.#early : undefined;
  }

  /** Another connection serves the session from now on, and does not know the new peer. */
  cancel(): void {
    this.#cancel.abort(
      () => new RelayError('ERR_RELAY_ABORTED', 'Another connection serves the session now.'),
    );
  }

  /** @throws RelayError the session stays as it was */
  async run(relay: SfuRelay<P>, params: Params): Promise<void> {
    checkJoinShape({ offer: params.offer });
    const { sdp } = params.offer as { sdp: string };
    const renamed = readRenamed(params.renamed);
    await relay.rejoin(this.#session, { number: this.#number, sdp, renamed }, this.#cancel);
  }

  /** The client has the answer to the new peer's join: passes on what has waited in both directions. */
  open(refused: (error: RelayError) => void): void {
    this.#session.peers.current.open();
    this.#early.release((early) => this.#session.addIceCandidate(early, this.#number), refused);
  }
}
