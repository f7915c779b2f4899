import type { Principal } from '../authentication.js';
import { Cancellation } from '../cancellation.js';
import { RelayError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { isRecord } from '../record.js';
import type { SfuRelay } from '../relay.js';
import type { Session } from '../session.js';
import { EarlyCandidates } from './early-candidates.js';
import { checkJoinShape } from './join-params.js';
import type { Capability, IceCandidate, Target } from './protocol.js';

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

  /** @throws RelayError nothing has changed then */
  async run(relay: SfuRelay<P>, params: Params): Promise<void> {
    checkJoinShape({ offer: params.offer });
    const { sdp } = params.offer as { sdp: string };
    const renamed = readRenamed(params.renamed, this.#session, sdp);
    await relay.rejoin(this.#session, { number: this.#number, sdp, renamed }, new Cancellation());
  }

  /** The new peer has joined, and its client knows: what has waited in either direction goes on. */
  open(refused: (error: RelayError) => void): void {
    this.#session.openPeer();
    for (const { target, candidate } of this.#early.take()) {
      try {
        const trickle = { target: target as Target, candidate: candidate as IceCandidate };
        void this.#session.addIceCandidate(trickle, this.#number);
      } catch (error) {
        refused(RelayError.from(error));
      }
    }
  }
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
function readRenamed(
  renamed: unknown,
  { tracks }: { tracks: readonly { trackId: string }[] },
  sdp: string,
): ReadonlyMap<string, string> {
  const entries = Object.entries(renamed === undefined || !isRecord(renamed) ? {} : renamed);
  const isSound = (renamed === undefined || isRecord(renamed)) && entries.length <= LIMITS.maxTracks;
  if (!isSound || entries.some(([, id]) => typeof id !== 'string' || !sdp.includes(` ${id}\r\n`)))
    throw new RelayError(
      'ERR_RELAY_INVALID_PARAMS',
      '"renamed" must be an object: {"old track id": "new track id"}, of tracks that the offer has.',
    );
  const own = new Set(tracks.map(({ trackId }) => trackId));
  return new Map((entries as [string, string][]).filter(([oldId]) => own.has(oldId)));
}
