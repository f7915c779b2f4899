import { CandidateBudget } from './candidate-budget.js';
import type { VideoCodec } from './codecs.js';
import { RelayError } from './errors.js';
import { checkTarget, encodeCandidate } from './ice.js';
import { LIMITS } from './limits.js';
import type { IceCandidate, SessionDescription, Subscription, Target, Track } from './model.js';
import type { Room } from './room.js';
import {
  checkAnswer,
  checkOffer,
  type OfferPolicy,
  parseSdp,
  permittedTracks,
  type SdpSection,
} from './sdp.js';
import { rewriteSdp } from './sdp-rewrite.js';
import { checkSubscriptions } from './subscriptions.js';

/** What a session's grants and the relay's options let its client send. */
export interface GuardPolicy {
  offer: OfferPolicy;
  videoCodec: VideoCodec;
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
  #policy: GuardPolicy;
  /** Tracks, by their ids, of which the SFU gets no media. */
  readonly #muted = new Set<string>();
  /** The last offer with media that was let through, as the client sent it. */
  #offered: string | undefined;
  /** The sections of it, by `a=mid`, that send nothing to the SFU. */
  #silent: ReadonlySet<string> = new Set();
  readonly #room: Room;
  readonly #sessionId: string;
  readonly #since = Date.now();
  readonly #mids = new Set<string>();
  /** Of the publisher connection, and of the subscriber connection. */
  readonly #candidates = [new CandidateBudget(), new CandidateBudget()] as const;

  constructor(policy: GuardPolicy, room: Room, sessionId: string) {
    this.#policy = policy;
    this.#room = room;
    this.#sessionId = sessionId;
  }

  /** The offer to send, and the tracks that it publishes. `restartsIce` where its ICE credentials are new. */
  offer(offer: SessionDescription, restartsIce: (sdp: string) => boolean): { sdp: string; tracks: Track[] } {
    checkType(offer, 'offer');
    const sections = parseSdp(offer.sdp, this.#policy.videoCodec);
    const tracks = checkOffer(sections, this.#policy.offer);
    for (const track of tracks) this.#checkOwner(track);
    this.#countMids(sections);
    if (restartsIce(offer.sdp)) this.#candidates[0].renew();
    this.#candidates[0].spend(sections.flatMap(({ candidates }) => candidates));
    this.#offered = tracks.length > 0 ? offer.sdp : undefined;
    this.#silent = this.#silentOf(sections, tracks);
    return this.#compose(offer.sdp, sections, tracks);
  }

  /** The last offer once more, as the client may send by now; undefined where that is as it was. */
  reoffer(): { sdp: string; tracks: Track[] } | undefined {
    if (this.#offered === undefined) return undefined;
    const sections = parseSdp(this.#offered, this.#policy.videoCodec);
    const tracks = permittedTracks(sections, this.#policy.offer);
    const silent = this.#silentOf(sections, tracks);
    if (silent.size === this.#silent.size && [...silent].every((mid) => this.#silent.has(mid)))
      return undefined;
    this.#silent = silent;
    return this.#compose(this.#offered, sections, tracks);
  }

  get policy(): GuardPolicy {
    return this.#policy;
  }

  set policy(policy: GuardPolicy) {
    this.#policy = policy;
  }

  /** Keeps a track's media from the SFU, or no longer; it shows with the next offer. */
  mute(trackId: string, muted: boolean): void {
    if (muted) this.#muted.add(trackId);
    else this.#muted.delete(trackId);
  }

  isMuted(trackId: string): boolean {
    return this.#muted.has(trackId);
  }

  /** Sections of which no track is left. */
  #silentOf(sections: readonly SdpSection[], tracks: readonly Track[]): ReadonlySet<string> {
    const heard = new Set(
      tracks.map(({ trackId }) => trackId).filter((trackId) => !this.#muted.has(trackId)),
    );
    const silent = sections.filter(
      ({ kind, sends, trackId = '' }) => sends && kind !== 'application' && !heard.has(trackId),
    );
    return new Set(silent.map(({ mid }) => mid));
  }

  /** The offer as the SFU gets it. */
  #compose(sdp: string, sections: readonly SdpSection[], tracks: Track[]): { sdp: string; tracks: Track[] } {
    // Ion does not count VP8's probing packets, which browsers take for a loss of all of them: their rate falls
    // below 100 kbit/s, and stays there. By the receiver reports alone it rises.
    const countsVideoPackets = this.#policy.videoCodec !== 'VP8';
    const { admitsCandidate } = this.#policy;
    return {
      sdp: rewriteSdp(sdp, sections, { admitsCandidate, countsVideoPackets, silent: this.#silent }),
      tracks: tracks.map((track) => ({ ...track, muted: this.#muted.has(track.trackId) })),
    };
  }

  /** The answer to send, to an offer of the SFU's. */
  answer(answer: SessionDescription, offer: string): string {
    checkType(answer, 'answer');
    const sections = parseSdp(answer.sdp, this.#policy.videoCodec);
    checkAnswer(sections, offer);
    this.#candidates[1].spend(sections.flatMap(({ candidates }) => candidates));
    const { admitsCandidate } = this.#policy;
    return rewriteSdp(answer.sdp, sections, { admitsCandidate, countsVideoPackets: true });
  }

  /** The candidate to send, as the JSON that the SFU reads; undefined where a policy keeps it back. */
  candidate(target: Target, candidate: IceCandidate): string | undefined {
    checkTarget(target);
    const init = encodeCandidate(candidate);
    this.#candidates[target].spend([candidate.candidate]);
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

  /** The SFU takes tracks and streams by their ids, whosever they are. */
  #checkOwner({ trackId, streamId }: Track): void {
    const isAnothers = (owner: string | undefined) => owner !== undefined && owner !== this.#sessionId;
    if (isAnothers(this.#room.findTrack(trackId)?.sessionId))
      throw new RelayError('ERR_RELAY_FORBIDDEN', `The track "${trackId}" is another participant's.`);
    if (isAnothers(this.#room.ownerOfStream(streamId)))
      throw new RelayError('ERR_RELAY_FORBIDDEN', `The stream "${streamId}" is another participant's.`);
  }

  #countMids(sections: readonly SdpSection[]): void {
    const fresh = sections.filter(({ mid }) => !this.#mids.has(mid));
    if (this.#mids.size + fresh.length > LIMITS.maxMids)
      throw new RelayError(
        'ERR_RELAY_TOO_MANY',
        `More than ${LIMITS.maxMids} media sections in a session: join afresh.`,
      );
    for (const { mid } of fresh) this.#mids.add(mid);
  }
}

function checkType(description: SessionDescription, type: SessionDescription['type']): void {
  if (typeof description !== 'object' || description === null || description.type !== type)
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', `A description {type: "${type}", sdp} is wanted.`);
}
