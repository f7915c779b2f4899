import type { CheckedOffer, Guard, ReleasedOffer } from '../guard/guard.js';
import type { SessionDescription } from '../protocol/types.js';
import { SerialQueue } from '../util/serial-queue.js';
import { Gathering } from './ice-gathering.js';
import { PublisherNegotiation } from './offer-queue.js';

interface Setup {
  guard: Guard;
  /** Sends an offer to the SFU; resolves with its answer. */
  send(sdp: string): Promise<SessionDescription>;
  /** The SFU has accepted an offer. */
  onAccepted(offer: ReleasedOffer): void;
  /** A moderator has cut one of its tracks off, or let it be heard again. */
  onCut(trackId: string, isCut: boolean): void;
}

const NO_TRACKS: ReadonlySet<string> = new Set();

/** What a session sends, by its offers to the SFU: those of its client, and the relay's revisions of the last one. */
export class Publishing {
  readonly #setup: Setup;
  readonly #negotiation = new PublisherNegotiation();
  /** What is with the SFU: an offer of the client, or the relay's revision of its last one. */
  readonly #exchange = new SerialQueue();
  readonly #gathering = new Gathering();
  /** Those of its tracks that a moderator has cut off, as it was told. */
  #cut: ReadonlySet<string> = NO_TRACKS;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  get cut(): ReadonlySet<string> {
    return this.#cut;
  }

  /** The first offer goes to the SFU now. */
  begin(checked: CheckedOffer): ReleasedOffer {
    const released = this.#setup.guard.release(checked);
    this.#gathering.begin(released.iceCredentials);
    return released;
  }

  /** The SFU has accepted the first offer. */
  joined({ cut }: ReleasedOffer): void {
    this.#cut = cut;
  }

  /** The SFU gathers candidates: here is one. */
  candidate(): void {
    this.#gathering.candidate();
  }

  /** An offer of the client, when it is its turn; resolves with the SFU's answer. */
  offer(
    offer: SessionDescription,
    pass: (answer: SessionDescription) => SessionDescription | Promise<SessionDescription>,
  ): Promise<SessionDescription> {
    return this.#negotiation.offer(async () => {
      const { guard } = this.#setup;
      const checked = guard.offer(offer, (credentials) => this.#gathering.isRestart(credentials));
      if (this.#gathering.isRestart(checked.iceCredentials)) await this.#gathering.settled();
      return pass(await this.#exchange.run(() => this.#send(guard.release(checked))));
    });
  }

  /**
   * What it may publish by now, for the SFU: the client's last offer once more, less what must not be heard. The client
   * has no part in it, and does not get the answer.
   */
  revise(isJoined: () => boolean): Promise<void> {
    return this.#exchange.run(async () => {
      const released = isJoined() ? this.#setup.guard.revise() : undefined;
      if (released) await this.#send(released);
    });
  }

  async #send(released: ReleasedOffer): Promise<SessionDescription> {
    const { sdp, iceCredentials, tracks, cut } = released;
    this.#gathering.begin(iceCredentials);
    const answer = await this.#setup.send(sdp);
    const before = this.#cut;
    this.#cut = cut;
    this.#setup.onAccepted(released);
    for (const { trackId } of tracks) {
      if (before.has(trackId) !== cut.has(trackId)) this.#setup.onCut(trackId, cut.has(trackId));
    }
    return answer;
  }
}
