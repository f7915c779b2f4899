import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { IceCandidate, SessionDescription, Subscription, Target, Track } from '../protocol/types.js';
import type { Room } from '../room/room.js';
import type { Counter } from '../telemetry/instruments.js';
import type { Logger } from '../util/logger.js';
import { CandidateBudget } from './candidate-budget.js';
import type { VideoCodec } from './codecs.js';
import { checkTarget, readInit, writeInit } from './ice-candidate.js';
import { type FilledAnswer, fillRejectedSections } from './rejected-sections.js';
import { answerSaturation, midSaturation } from './saturation.js';
import { parseSdp, type Sdp } from './sdp.js';
import { checkAnswer, checkOffer, type OfferPolicy, permittedTracks } from './sdp-policy.js';
import { rewriteSdp, type SilentDirection } from './sdp-rewrite.js';
import type { SdpSection } from './sdp-section.js';
import { checkSubscriptions } from './subscriptions.js';
import { TrackNames } from './track-names.js';

/** What a session's grants and the relay's options let its client send. */
export interface GuardPolicy {
  offer: OfferPolicy;
  videoCodec: VideoCodec;
  canSubscribe: boolean;
  /** Which candidates the SFU gets to see; undefined: all. */
  admitsCandidate: ((candidate: string) => boolean) | undefined;
  layerSubscriptions: 'safe' | 'any';
}

/** An offer that its client may make. */
export interface CheckedOffer extends Sdp {
  /** As the client sent it. */
  readonly sdp: string;
}

/** An offer as the SFU gets it, and the tracks that it publishes. */
export interface ReleasedOffer {
  sdp: string;
  iceCredentials: string;
  tracks: Track[];
  /** New track ids, by those that the same tracks have had in the session's last peer. */
  renamed?: ReadonlyMap<string, string>;
  /** Tracks, by their ids, of which a moderator keeps the media from the SFU. */
  cut: ReadonlySet<string>;
}

/** The session that is guarded, and where the operator reads of it. */
export interface Guarded {
  readonly id: string;
  readonly userId: string;
  readonly logger: Logger;
  readonly surplusCandidates: Counter;
}

/** Ion's ICE agents give up after 30 s without a sign of life (`[webrtc.timeouts]` disconnected and failed). */
const ICE_CANT_HAVE_FAILED_MS = 20_000;

const SURPLUS = `A candidate is not given to the SFU: the connection has ${LIMITS.maxCandidates} already`;

/** One for all: most sessions have none of what it is about. */
const NOTHING: ReadonlySet<string> = new Set();

/**
 * The firewall of one session: what comes from its client unchecked leaves it as what the SFU takes, or as an
 * error that names the fault. One message that slips through can end the SFU's process, with every room on it.
 */
export class Guard {
  /** It may change: what is released later is held against the new one. */
  policy: GuardPolicy;
  /** The last offer with media that was released, as the client sent it. */
  #released: string | undefined;
  /** Whether the SFU has seen a section for data channels: it serves them from then on, whatever later offers say. */
  hasDataChannels = false;
  /** The sections of it, by `a=mid`, of which the SFU takes no media. */
  #silent = NOTHING;
  #answerSaturation = 0;
  /** Told of the tracks of an offer before it is held against the mutes. */
  onRelease: ((tracks: readonly Track[]) => void) | undefined;
  /** Set when another peer has taken its place: the tracks, by their ids, that it may still send. */
  only: ReadonlySet<string> | undefined;
  /** What the room calls its tracks. */
  readonly names: TrackNames;
  readonly #room: Room;
  readonly #session: Guarded;
  readonly #replaced: readonly string[];
  readonly #since = performance.now();
  /** The sections of all offers, by `a=mid`, and whether the SFU has seen them. */
  readonly #mids = new Map<string, boolean>();
  /** The kinds of which the SFU has seen a section with codecs. */
  readonly #described = { audio: false, video: false };
  /** Of the publisher connection, and of the subscriber connection. */
  readonly #candidates = [new CandidateBudget(), new CandidateBudget()] as const;

  /** `replaced`: the ids of sessions that end before this one joins. */
  constructor(policy: GuardPolicy, room: Room, session: Guarded, replaced: readonly string[] = []) {
    this.policy = policy;
    this.#room = room;
    this.#session = session;
    this.#replaced = replaced;
    this.names = new TrackNames(room.publishers, session.id);
  }

  /** ms since the session began, whatever becomes of the system's clock. */
  get ageMs(): number {
    return performance.now() - this.#since;
  }

  /** How near it is to a limit which a new peer, with what is sent and received now, is far from; 0 where it is not near. */
  get saturation(): number {
    return Math.max(this.#answerSaturation, midSaturation(this.#mids.size));
  }

  /** Checks an offer, to be released when it can be sent. `restartsIce` where its ICE credentials are new. */
  offer(offer: SessionDescription, restartsIce: (iceCredentials: string) => boolean): CheckedOffer {
    checkType(offer, 'offer');
    const parsed = parseSdp(offer.sdp, this.policy.videoCodec);
    const { sections, iceCredentials } = parsed;
    for (const track of checkOffer(sections, this.policy.offer)) this.#checkOwn(track);
    this.#checkFirstOfKind(sections);
    this.#countMids(sections);
    if (restartsIce(iceCredentials)) this.#candidates[0].renew();
    return { ...parsed, sdp: offer.sdp };
  }

  /** What of a checked offer goes to the SFU, as the client may send by now. */
  release(offer: CheckedOffer): ReleasedOffer {
    const sections = this.names.claim(offer.sections);
    const tracks = checkOffer(sections, this.policy.offer);
    if (tracks.some((track) => !this.#mayGoOn(track)))
      throw new RelayError('ERR_RELAY_REJOIN', 'Another peer has taken its place: publish on that one.');
    this.onRelease?.(tracks);
    this.#released = tracks.length > 0 ? offer.sdp : undefined;
    return this.#compose({ ...offer, sections }, tracks);
  }

  /** The last one once more, less what the client may not send by now; undefined where that changes nothing. */
  revise(): ReleasedOffer | undefined {
    if (this.#released === undefined) return undefined;
    const parsed = parseSdp(this.#released, this.policy.videoCodec);
    const sections = this.names.claim(parsed.sections);
    const tracks = permittedTracks(sections, this.policy.offer).filter((track) => this.#mayGoOn(track));
    const before = this.#silent;
    const { silent } = this.#hold(sections, tracks);
    if (silent.size === before.size && [...silent].every((mid) => before.has(mid))) return undefined;
    return this.#compose({ ...parsed, sections }, tracks);
  }

  #mayGoOn({ trackId }: Track): boolean {
    return this.only?.has(trackId) ?? true;
  }

  /** What must not be heard: tracks that a moderator has muted, and sections that hold no permitted track. */
  #hold(sections: readonly SdpSection[], tracks: readonly Track[]) {
    const { moderation } = this.#room;
    const cut = new Set<string>();
    const heard = new Set<string>();
    for (const track of tracks)
      (moderation.isMuted(this.#session.userId, track) ? cut : heard).add(track.trackId);
    const silent = new Set<string>();
    for (const { kind, sends, trackId = '', mid } of sections) {
      if (sends && kind !== 'application' && !heard.has(trackId)) silent.add(mid);
    }
    return { cut: cut.size > 0 ? cut : NOTHING, silent: silent.size > 0 ? silent : NOTHING };
  }

  #compose(offer: Sdp, tracks: Track[]): ReleasedOffer {
    const { cut, silent } = this.#hold(offer.sections, tracks);
    this.#silent = silent;
    // Ion does not count VP8's probing packets, which browsers take for a loss of all of them: their rate falls
    // below 100 kbit/s, and stays there. By the receiver reports alone it rises.
    const countsVideoPackets = this.policy.videoCodec !== 'VP8';
    const admitsCandidate = (candidate: string) => this.#admits(0, candidate);
    const directions = new Map<string, SilentDirection>();
    // Ion never again takes media of a section that was inactive after it was not; nor of one that began as recvonly.
    for (const mid of silent) directions.set(mid, this.#mids.get(mid) ? 'recvonly' : 'inactive');
    for (const { mid, kind, payloads } of offer.sections) {
      this.#mids.set(mid, true);
      if (kind !== 'application' && payloads) this.#described[kind] = true;
      if (kind === 'application') this.hasDataChannels = true;
    }
    return {
      sdp: rewriteSdp(offer, { admitsCandidate, countsVideoPackets, silent: directions }),
      iceCredentials: offer.iceCredentials,
      tracks,
      cut,
    };
  }

  /** The answer to send, to an offer of the SFU's, and the tracks that it rejects. */
  answer(answer: SessionDescription, offer: string): FilledAnswer {
    const { sdp, rejected } = fillRejectedSections(answer.sdp, offer);
    const parsed = parseSdp(sdp, this.policy.videoCodec);
    checkAnswer(parsed.sections, offer);
    this.#answerSaturation = answerSaturation(answer.sdp);
    const admitsCandidate = (candidate: string) => this.#admits(1, candidate);
    return { sdp: rewriteSdp(parsed, { admitsCandidate, countsVideoPackets: true }), rejected };
  }

  /** The candidate to send, as the JSON that the SFU reads; undefined where the SFU does not get to see it. */
  candidate(target: Target, candidate: IceCandidate): string | undefined {
    checkTarget(target);
    const line = readInit(candidate);
    return line !== undefined && this.#admits(target, line) ? writeInit(line, candidate) : undefined;
  }

  /**
   * Whether the SFU gets to see it: a policy may keep it back, and the SFU takes only so many. A browser that gathers for
   * each section of its own (Firefox) comes to that number without a fault, and needs no more than the first ones.
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

  /** A client that has lost its connection comes back with the same tracks, while the SFU still has the old ones. */
  #checkOwn({ trackId, streamId }: Track): void {
    const { id, userId } = this.#session;
    const { track, sessionId: owner } = this.#room.findTrack(trackId) ?? {};
    if (!owner || owner === id || track?.streamId !== streamId || this.#replaced.includes(owner)) return;
    const { participants } = this.#room;
    if (participants.some((other) => other.sessionId === owner && other.userId === userId))
      throw new RelayError(
        'ERR_RELAY_SESSION_EXISTS',
        `The track "${trackId}" is sent by another session of yours: end that one, or try again when it has ended.`,
      );
  }

  /**
   * Ion takes the codecs of a kind from the first section of it, also where that is rejected and so need not have those
   * that every participant has: media of another codec throws the viewers of the room out.
   */
  #checkFirstOfKind(sections: readonly SdpSection[]): void {
    let { audio, video } = this.#described;
    for (const { index, kind, payloads } of sections) {
      if (kind === 'application') continue;
      if (!payloads && !(kind === 'audio' ? audio : video))
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
