import { RelayError } from './errors.js';
import { checkTarget, encodeCandidate } from './ice.js';
import type { IceCandidate, SessionDescription, Subscription, Target, Track } from './model.js';
import type { Room } from './room.js';
import { checkOffer, filterCandidates, type OfferPolicy, parseSdp, sealOffer } from './sdp.js';
import { checkSubscriptions } from './subscriptions.js';

/** What a session's grants and the relay's options let its client send. */
export interface GuardPolicy {
  offer: OfferPolicy;
  canSubscribe: boolean;
  /** Which candidates the SFU gets to see; undefined: all. */
  admitsCandidate: ((candidate: string) => boolean) | undefined;
  layerSubscriptions: 'safe' | 'any';
}

/** Ion's ICE agents give up after 30 s without a sign of life (`[webrtc.timeouts]` disconnected and failed). */
const ICE_CANT_HAVE_FAILED_MS = 20_000;

/**
 * The firewall of one session: what comes from its client unchecked leaves it as what the SFU takes, or as an
 * error that names the fault. One message that slips through can end the SFU's process, with every room on it.
 */
export class Guard {
  readonly #policy: GuardPolicy;
  readonly #room: Room;
  readonly #sessionId: string;
  readonly #since = Date.now();

  constructor(policy: GuardPolicy, room: Room, sessionId: string) {
    this.#policy = policy;
    this.#room = room;
    this.#sessionId = sessionId;
  }

  /** The offer to send, and the tracks that it publishes. */
  offer(offer: SessionDescription): { sdp: string; tracks: Track[] } {
    checkType(offer, 'offer');
    const tracks = checkOffer(offer.sdp, this.#policy.offer);
    for (const { trackId } of tracks) {
      const owner = this.#room.findTrack(trackId)?.sessionId;
      if (owner !== undefined && owner !== this.#sessionId)
        throw new RelayError('ERR_RELAY_FORBIDDEN', `The track "${trackId}" is another participant's.`);
    }
    return { sdp: sealOffer(this.#filtered(offer.sdp)), tracks };
  }

  /** The answer to send. */
  answer(answer: SessionDescription): string {
    checkType(answer, 'answer');
    parseSdp(answer.sdp);
    return this.#filtered(answer.sdp);
  }

  /** The candidate to send, as the JSON that the SFU reads; undefined where a policy keeps it back. */
  candidate(target: Target, candidate: IceCandidate): string | undefined {
    checkTarget(target);
    const init = encodeCandidate(candidate);
    return this.#policy.admitsCandidate?.(candidate.candidate) === false ? undefined : init;
  }

  subscriptions(subscriptions: readonly Subscription[]): void {
    if (!this.#policy.canSubscribe)
      throw new RelayError('ERR_RELAY_FORBIDDEN', 'You may not receive media in this room.');
    checkSubscriptions(subscriptions, {
      room: this.#room,
      sessionId: this.#sessionId,
      layersAllowed:
        this.#policy.layerSubscriptions === 'any' || Date.now() - this.#since < ICE_CANT_HAVE_FAILED_MS,
    });
  }

  #filtered(sdp: string): string {
    const { admitsCandidate } = this.#policy;
    return admitsCandidate ? filterCandidates(sdp, admitsCandidate) : sdp;
  }
}

function checkType(description: SessionDescription, type: SessionDescription['type']): void {
  if (typeof description !== 'object' || description === null || description.type !== type)
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', `A description {type: "${type}", sdp} is wanted.`);
}
