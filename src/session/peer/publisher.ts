import type { CheckedOffer, Guard, ReleasedOffer } from '../../guard/guard.js';
import type { SessionDescription } from '../../protocol/types.js';
import { SerialQueue } from '../../util/serial-queue.js';
import { IceGathering } from './ice-gathering.js';
import { OfferQueue } from './offer-queue.js';
import type { PeerOwner } from './peer-owner.js';
import type { SfuCall } from './sfu-call.js';

interface PublisherSetup {
  /** Of the peer. */
  number: number;
  owner: PeerOwner;
  guard: Guard;
  call: SfuCall;
}

const NO_TRACKS: ReadonlySet<string> = new Set();

/** The publisher connection of a peer: sends the client's offers to the SFU, and the relay's revisions of the last one. */
export class Publisher {
  readonly #setup: PublisherSetup;
  readonly #offers = new OfferQueue();
  /** One offer at a time is with the SFU: the client's, or the relay's revision of it. */
  readonly #exchange = new SerialQueue();
  readonly #gathering = new IceGathering();
  /** Offers that wait. */
  #unsent = 0;
  /** The SFU would lose a candidate that arrives before the offer that restarts ICE: candidates wait with it. */
  #candidates: string[] = [];
  #cut: ReadonlySet<string> = NO_TRACKS;

  constructor(setup: PublisherSetup) {
    this.#setup = setup;
  }

  /** The ids of muted tracks, as the client was notified. */
  get cut(): ReadonlySet<string> {
    return this.#cut;
  }

  /** The first offer is about to be sent. */
  begin(checked: CheckedOffer): ReleasedOffer {
    const released = this.#setup.guard.release(checked);
    this.#gathering.begin(released.iceCredentials);
    return released;
  }

  /** The SFU has accepted the first offer. */
  joined({ cut }: Pick<ReleasedOffer, 'cut'>): void {
    this.#cut = cut;
  }

  /** The SFU has sent a candidate: it is still gathering. */
  candidate(): void {
    this.#gathering.candidate();
  }

  /** Sends a candidate of the client. */
  addIceCandidate(init: string): void {
    if (this.#unsent > 0) this.#candidates.push(init);
    else this.#setup.call.stream?.candidate(0, init);
  }

  /** Sends an offer of the client when its turn has come; resolves with the result of `pass`, which gets the SFU's answer. */
  offer(
    offer: SessionDescription,
    pass: (answer: SessionDescription) => SessionDescription | Promise<SessionDescription>,
  ): Promise<SessionDescription> {
    const sent = this.#hold();
    return this.#offers
      .offer(async () => {
        const { guard, call } = this.#setup;
        const checked = guard.offer(offer, (credentials) => this.#gathering.isRestart(credentials));
        if (this.#gathering.isRestart(checked.iceCredentials)) await this.#gathering.settled();
        const answer = await this.#exchange.run(async () => {
          await guard.claim(checked, () => call.openStream());
          return this.#send(guard.release(checked), sent);
        });
        return pass(answer);
      })
      .finally(sent);
  }

  /** @returns to be called when the offer was sent, or is not going to be */
  #hold(): () => void {
    let isHeld = true;
    this.#unsent += 1;
    return () => {
      if (isHeld) this.#unsent -= 1;
      isHeld = false;
      if (this.#unsent === 0) for (const init of this.#candidates.splice(0)) this.addIceCandidate(init);
    };
  }

  /**
   * Sends the client's last offer again, without the tracks that it may not publish any more. The client takes no part in it
   * and does not get the answer.
   */
  revise(isJoined: () => boolean): Promise<void> {
    return this.#exchange.run(async () => {
      const released = isJoined() ? this.#setup.guard.revise() : undefined;
      if (released) await this.#send(released);
    });
  }

  async #send(released: ReleasedOffer, sent?: () => void): Promise<SessionDescription> {
    const { sdp, iceCredentials, tracks, cut } = released;
    this.#gathering.begin(iceCredentials);
    const { number, owner, call } = this.#setup;
    const answering = call.offer(sdp);
    sent?.();
    const answer = await answering;
    const before = this.#cut;
    this.#cut = cut;
    owner.onTracks(number, released);
    for (const { trackId } of tracks) {
      if (before.has(trackId) !== cut.has(trackId)) owner.onMuted(number, trackId, cut.has(trackId));
    }
    return answer;
  }
}
