import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { IceCandidate, SessionDescription, Subscription, Target, Track } from '../protocol/types.js';
import type { Room } from '../room/room.js';
import type { Counter } from '../telemetry/instruments.js';
import type { Logger } from '../util/logger.js';
import { CandidateBudget } from './candidate-budget.js';
import type { VideoCodec } from './codecs.js';
import { cutMutedTracks, NONE } from './cut-muted-tracks.js';
import { checkTarget, readInit, writeInit } from './ice-candidate.js';
import { type FilledAnswer, fillRejectedSections } from './rejected-sections.js';
import { answerSaturation, midSaturation } from './saturation.js';
import { parseSdp, type Sdp } from './sdp.js';
import { checkAnswer, checkOffer, type OfferPolicy, permittedTracks } from './sdp-policy.js';
import { rewriteSdp, type SilentDirection } from './sdp-rewrite.js';
import type { SdpSection } from './sdp-section.js';
import { checkSubscriptions } from './subscriptions.js';
import { TrackNames } from './track-names.js';

/** What a session's client may send, by its grants and the relay's options. */
export interface GuardPolicy {
  offer: OfferPolicy;
  videoCodec: VideoCodec;
  canSubscribe: boolean;
  /** Which candidates are forwarded to the SFU; undefined: all. */
  admitsCandidate: ((candidate: string) => boolean) | undefined;
  layerSubscriptions: 'safe' | 'any';
}

/** A valid and permitted offer. */
export interface CheckedOffer extends Sdp {
  /** As the client sent it. */
  readonly sdp: string;
}

/** An offer as it is sent to the SFU, and its published tracks. */
export interface ReleasedOffer {
  sdp: string;
  iceCredentials: string;
  tracks: Track[];
  /** New track ids by the ids of the same tracks on the session's previous peer. */
  renamed?: ReadonlyMap<string, string>;
  /** The ids of muted tracks, whose media the SFU does not get. */
  cut: ReadonlySet<string>;
}

/** The guarded session, its logger and counter. */
export interface Guarded {
  readonly id: string;
  readonly userId: string;
  readonly logger: Logger;
  readonly surplusCandidates: Counter;
}

/** Ion's ICE agents fail after 30 s without packets (`[webrtc.timeouts]` disconnected and failed). */
const ICE_CANT_HAVE_FAILED_MS = 20_000;

const SURPLUS = `A candidate is withheld from the SFU: the connection has ${LIMITS.maxCandidates} already`;

/**
 * The firewall of one session: turns a client's unchecked messages into messages that the SFU accepts, or throws an error that
 * names the fault. A single malformed message can crash the SFU, with every room on it.
 */
export class Guard {
  /** May change: later releases are checked against the new policy. */
  policy: GuardPolicy;
  /** The last released offer with media, as the client sent it. */
  #released: string | undefined;
  /** Whether the SFU has received a section for data channels: it serves them from then on, even if later offers reject them. */
  hasDataChannels = false;
  /** The sections of the last released offer, by `a=mid`, whose media the SFU does not accept. */
  #silent: ReadonlySet<string> = NONE;
  #answerSaturation = 0;
  /** Called with the tracks of an offer before the mutes are applied. */
  onRelease: ((tracks: readonly Track[]) => void) | undefined;
  /** Set when another peer has replaced this one: the ids of the tracks that it may still send. */
  only: ReadonlySet<string> | undefined;
  /** The room's ids of the client's tracks. */
  readonly names: TrackNames;
  readonly #room: Room;
  readonly #isMuted: (track: Track) => boolean;
  readonly #session: Guarded;
  readonly #replaced: readonly string[];
  readonly #since = performance.now();
  /** The sections of all offers, by `a=mid`, and whether the SFU has received them. */
  readonly #mids = new Map<string, boolean>();
  /** The kinds for which the SFU has received a section with codecs. */
  readonly #described = { audio: false, video: false };
  /** Budgets of the publisher and the subscriber connection. */
  readonly #candidates = [new CandidateBudget(), new CandidateBudget()] as const;

  /** `replaced`: the ids of sessions that end before this one joins. */
  constructor(policy: GuardPolicy, room: Room, session: Guarded, replaced: readonly string[] = []) {
    this.policy = policy;
    this.#room = room;
    this.#isMuted = (track) => room.moderation.isMuted(session.userId, track);
    this.#session = session;
    this.#replaced = replaced;
    this.names = new TrackNames(room.publishers, session.id);
  }

  /** ms since the session began, independent of the system clock. */
  get ageMs(): number {
    return performance.now() - this.#since;
  }

  /** How near the peer is to a limit of sections, if a new peer with the same tracks would not be: 0, or from 0.75 to 1. */
  get saturation(): number {
    return Math.max(this.#answerSaturation, midSaturation(this.#mids.size));
  }

  /** Checks an offer, which `release` composes when it can be sent. `restartsIce`: whether the ICE credentials are new. */
  offer(offer: SessionDescription, restartsIce: (iceCredentials: string) => boolean): CheckedOffer {
    checkType(offer, 'offer');
    const parsed = parseSdp(offer.sdp, this.policy.videoCodec);
    const { sections, head, iceCredentials, fingerprint } = parsed;
    for (const track of checkOffer(sections, this.policy.offer)) this.#checkOwn(track);
    this.#checkFirstOfKind(sections);
    this.#countMids(sections);
    if (restartsIce(iceCredentials)) this.#candidates[0].renew();
    return { sections, head, iceCredentials, fingerprint, sdp: offer.sdp };
  }

  /** Before `release`, where other processes share the room. @param check throws when the offer is not sent any more */
  claim(offer: CheckedOffer, check: () => void): Promise<void> {
    return this.names.claimEverywhere(offer.sections, check);
  }

  /** Composes the offer for the SFU, by the current policy and mutes. */
  release(offer: CheckedOffer): ReleasedOffer {
    const sections = this.names.claim(offer.sections);
    const tracks = checkOffer(sections, this.policy.offer);
    if (tracks.some((track) => !this.#mayGoOn(track)))
      throw new RelayError('ERR_RELAY_REJOIN', 'Another peer has replaced this one: publish on that one.');
    this.onRelease?.(tracks);
    this.#released = tracks.length > 0 ? offer.sdp : undefined;
    return this.#compose(offer, sections, tracks);
  }

  /** Composes the last offer again without what the client may not send any more; undefined where nothing changes. */
  revise(): ReleasedOffer | undefined {
    if (this.#released === undefined) return undefined;
    const parsed = parseSdp(this.#released, this.policy.videoCodec);
    const sections = this.names.claim(parsed.sections);
    const tracks = permittedTracks(sections, this.policy.offer).filter((track) => this.#mayGoOn(track));
    const before = this.#silent;
    const { silent } = cutMutedTracks(sections, tracks, this.#isMuted);
    if (silent.size === before.size && [...silent].every((mid) => before.has(mid))) return undefined;
    return this.#compose(parsed, sections, tracks);
  }

  #mayGoOn({ trackId }: Track): boolean {
    return this.only?.has(trackId) ?? true;
  }

  /** `sections`: those of the offer, with the room's ids of its tracks. */
  #compose(offer: Sdp, sections: readonly SdpSection[], tracks: Track[]): ReleasedOffer {
    const { head, fingerprint, iceCredentials } = offer;
    const { cut, silent } = cutMutedTracks(sections, tracks, this.#isMuted);
    this.#silent = silent;
    // Ion does not count VP8's probing packets, so browsers see them as lost: their bitrate falls below 100 kbit/s and stays
    // there. With receiver reports alone it rises.
    const countsVideoPackets = this.policy.videoCodec !== 'VP8';
    const admitsCandidate = (candidate: string) => this.#admits(0, candidate);
    const directions = new Map<string, SilentDirection>();
    // Ion never again accepts media of a section that became inactive, nor of one that began as recvonly.
    for (const mid of silent) directions.set(mid, this.#mids.get(mid) ? 'recvonly' : 'inactive');
    for (const { mid, kind, hasCodec } of sections) {
      this.#mids.set(mid, true);
      if (kind !== 'application' && hasCodec) this.#described[kind] = true;
      if (kind === 'application') this.hasDataChannels = true;
    }
    const description = { head, sections, fingerprint, iceCredentials };
    const policy = { admitsCandidate, countsVideoPackets, silent: directions };
    return { sdp: rewriteSdp(description, policy), iceCredentials, tracks, cut };
  }

  /** The answer for the SFU, and the ids of the tracks that it rejects. */
  answer(answer: SessionDescription, offer: string): FilledAnswer {
    const { sdp, rejected } = fillRejectedSections(answer.sdp, offer);
    const parsed = parseSdp(sdp, this.policy.videoCodec);
    checkAnswer(parsed.sections, offer);
    this.#answerSaturation = answerSaturation(answer.sdp);
    const admitsCandidate = (candidate: string) => this.#admits(1, candidate);
    return { sdp: rewriteSdp(parsed, { admitsCandidate, countsVideoPackets: true }), rejected };
  }

  /** The candidate for the SFU, as JSON; undefined where it is withheld. */
  candidate(target: Target, candidate: IceCandidate): string | undefined {
    checkTarget(target);
    const line = readInit(candidate);
    return line !== undefined && this.#admits(target, line) ? writeInit(line, candidate) : undefined;
  }

  /**
   * Whether the candidate is forwarded: the policy may withhold it, and their number is limited. Firefox gathers for each
   * section and may exceed the limit legitimately; the first candidates suffice.
   */
  #admits(target: Target, candidate: string): boolean {
    if (this.policy.admitsCandidate?.(candidate) === false) return false;
    if (this.#candidates[target].spend(candidate)) return true;
    const { id: sessionId, logger, surplusCandidates } = this.#session;
    surplusCandidates.add();
    logger.debug({ sessionId, target }, SURPLUS);
    return false;
  }

  subscriptions(subscriptions: readonly Subscription[]): void {
    if (!this.policy.canSubscribe)
      throw new RelayError('ERR_RELAY_FORBIDDEN', 'You may not receive media in this room.');
    checkSubscriptions(subscriptions, {
      room: this.#room,
      sessionId: this.#session.id,
      layersAllowed: this.policy.layerSubscriptions === 'any' || this.ageMs < ICE_CANT_HAVE_FAILED_MS,
    });
  }

  /** A client that reconnects offers the same tracks while the SFU still has the old ones. */
  #checkOwn({ trackId, streamId }: Track): void {
    const { id, userId } = this.#session;
    const { track, sessionId: owner } = this.#room.findTrack(trackId) ?? {};
    if (!owner || owner === id || track?.streamId !== streamId || this.#replaced.includes(owner)) return;
    if (this.#room.members.userOf(owner) === userId)
      throw new RelayError(
        'ERR_RELAY_SESSION_EXISTS',
        `The track "${trackId}" is sent by another session of yours: end that one, or try again when it has ended.`,
      );
  }

  /**
   * Ion takes the codecs of a kind from its first section, even a rejected one, which may list other codecs. Media of another
   * codec disconnects the viewers of the room.
   */
  #checkFirstOfKind(sections: readonly SdpSection[]): void {
    let { audio, video } = this.#described;
    for (const { index, kind, hasCodec } of sections) {
      if (kind === 'application') continue;
      if (!hasCodec && !(kind === 'audio' ? audio : video))
        throw new RelayError(
          'ERR_RELAY_INVALID_SDP',
          `The SDP can't be used: section ${index} (${kind}) is rejected, and the first of its kind. Offer one that is not first.`,
        );
      if (kind === 'audio') audio = true;
      else video = true;
    }
  }

  #countMids(sections: readonly SdpSection[]): void {
    const fresh = sections.filter(({ mid }) => !this.#mids.has(mid));
    if (this.#mids.size + fresh.length > LIMITS.maxMids)
      throw new RelayError(
        'ERR_RELAY_REJOIN',
        `More than ${LIMITS.maxMids} media sections in a session: rejoin, or join afresh.`,
      );
    for (const { mid } of fresh) this.#mids.set(mid, false);
  }
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function checkType(description: SessionDescription, type: SessionDescription['type']): void {
  if (typeof description !== 'object' || description === null || description.type !== type)
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', `The description must be {type: "${type}", sdp}.`);
}
