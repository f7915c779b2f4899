import type { Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import { isId } from '../../protocol/ids.js';
import { LIMITS } from '../../protocol/limits.js';
import type { Capability } from '../../protocol/messages.js';
import type { SfuRelay } from '../../relay/relay.js';
import type { Session } from '../../session/session.js';
import { Cancellation } from '../../util/cancellation.js';
import { isRecord } from '../../util/is-record.js';
import { EarlyCandidates } from './early-candidates.js';
import { checkJoinShape } from './join-params.js';

type Params = Readonly<Record<string, unknown>>;

const KNOWN: readonly Capability[] = ['rejoin'];

/** Those of a client's capabilities that are known here. @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function readCapabilities({ capabilities = [] }: Params): Capability[] {
  if (!Array.isArray(capabilities))
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"capabilities" must be a list of strings.');
  return KNOWN.filter((each) => capabilities.includes(each));
}

/** One `rejoin`: a client replaces the peer of its session. */
export class Rejoining<P extends Principal> {
  readonly #session: Session<P>;
  readonly #number: number;
  /** The new peer's candidates, which come before it has joined. */
  readonly #early = new EarlyCandidates();
  readonly #cancel = new Cancellation();

  constructor(session: Session<P>, { peer }: Params) {
    this.#session = session;
    this.#number = peer as number;
  }

  /** Whether it is a candidate of the new peer, and waits here. @throws RelayError the candidate is malformed */
  holds(params: Params): boolean {
    if (params.peer !== this.#number) return false;
    this.#early.hold(params);
    return true;
  }

  /** Another connection serves the session from now on, and knows nothing of the new peer. */
  cancel(): void {
    this.#cancel.abort(
      () => new RelayError('ERR_RELAY_ABORTED', 'Another connection serves the session now.'),
    );
  }

  /** @throws RelayError nothing has changed then */
  async run(relay: SfuRelay<P>, params: Params): Promise<void> {
    checkJoinShape({ offer: params.offer });
    const { sdp } = params.offer as { sdp: string };
    const renamed = readRenamed(params.renamed);
    await relay.rejoin(this.#session, { number: this.#number, sdp, renamed }, this.#cancel);
  }

  /** The new peer has joined, and its client knows: what has waited in either direction goes on. */
  open(refused: (error: RelayError) => void): void {
    this.#session.openPeer();
    this.#early.release((early) => this.#session.addIceCandidate(early, this.#number), refused);
  }
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
function readRenamed(renamed: unknown = {}): ReadonlyMap<string, string> {
  const entries = isRecord(renamed) ? Object.entries(renamed) : [];
  if (!isRecord(renamed) || entries.length > LIMITS.maxTracks || !entries.every(([, id]) => isId(id)))
    throw new RelayError(
      'ERR_RELAY_INVALID_PARAMS',
      '"renamed" must be an object: {"old track id": "new track id"}.',
    );
  return new Map(entries as [string, string][]);
}
