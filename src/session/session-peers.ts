import type { GuardPolicy, ReleasedOffer } from '../guard/guard.js';
import { RelayError } from '../protocol/errors.js';
import type { SessionDescription, Target, Track } from '../protocol/types.js';
import type { Sfu } from '../sfu/sfu.js';
import type { CancelSignal } from '../util/cancellation.js';
import type { ReplyFilter, SignalFilter } from './message-filter.js';
import type { PeerOwner, PeerSetup } from './peer-owner.js';
import { SfuPeer } from './sfu-peer.js';
import type { Takeover } from './takeover.js';

/** How long a replaced peer stays at most, where its client does not say that it has no more use for it. */
const OVERLAP_MS = 15_000;

/** What a session is told of its peers. `peer` is undefined for the first one: its messages carry no number. */
export interface SessionPeersOwner {
  readonly signals: SignalFilter | undefined;
  readonly replies: ReplyFilter | undefined;
  /** False where nobody listens yet. */
  onOffer(offer: SessionDescription & { peer?: number }): boolean;
  onCandidate(target: Target, init: string, peer: number | undefined): boolean;
  onTracks(offer: ReleasedOffer): void;
  onCut(trackId: string, isCut: boolean): void;
  onCrowded(peer: number, crowd: number): void;
  /** The session can't go on. */
  onBroken(error: RelayError): void;
  /** The streams of all peers have ended; without an error where this side has left. */
  onEnded(error: RelayError | undefined): void;
}

/** The peer that takes the place of the current one. */
export interface NextPeer {
  /** Greater than that of all peers before. */
  number: number;
  sdp: string;
  /** New track ids, by the ids that the same tracks have had so far; both as the client calls them, and not checked. */
  renamed: ReadonlyMap<string, string>;
}

/**
 * A session's presence on the SFU over time: its current peer; while that is being replaced, the one that joins, then
 * the one that was replaced, until its client is done with it.
 */
export class SessionPeers {
  readonly #setup: PeerSetup;
  readonly #owner: SessionPeersOwner;
  readonly #reports: PeerOwner;
  #current: SfuPeer;
  #next: SfuPeer | undefined;
  #previous: SfuPeer | undefined;
  /** The new ids of the previous peer's tracks, by their old ones. */
  #followed: ReadonlyMap<string, string> = new Map();
  #lastNumber: number;
  #timer: NodeJS.Timeout | undefined;
  /** Set when the current peer's stream has ended before that of the previous one. */
  #ended: { error: RelayError | undefined } | undefined;

  /** @param takeover of the first peer */
  constructor(setup: PeerSetup, owner: SessionPeersOwner, takeover: Takeover | undefined) {
    this.#setup = setup;
    this.#owner = owner;
    this.#reports = this.#makeReports();
    this.#lastNumber = 1;
    this.#current = new SfuPeer(1, setup, this.#reports, takeover);
  }

  get current(): SfuPeer {
    return this.#current;
  }

  set policy(policy: GuardPolicy) {
    for (const peer of this.#all) peer.policy = policy;
  }

  get hasDataChannels(): boolean {
    return this.#all.some(({ hasDataChannels }) => hasDataChannels);
  }

  get isHolding(): boolean {
    return this.#current.isHolding || this.#previous?.isHolding === true;
  }

  release(): void {
    this.#previous?.release();
    this.#current.release();
  }

  /** Undefined where it is gone, or has not joined. */
  find(number: number): SfuPeer | undefined {
    return number === this.#current.number ? this.#current : this.#previousOf(number);
  }

  /**
   * Another peer joins, and is the current one from then on. What it publishes takes the place of what the session
   * published. `open()` hands on what the SFU says to it.
   */
  async replace(sfu: Sfu, { number, sdp, renamed }: NextPeer, signal: CancelSignal): Promise<void> {
    if (this.#next)
      throw new RelayError('ERR_RELAY_INVALID_STATE', 'Another peer is joining: one rejoin at a time.');
    if (!Number.isSafeInteger(number) || number <= this.#lastNumber)
      throw new RelayError('ERR_RELAY_INVALID_PARAMS', `"peer" must be greater than ${this.#lastNumber}.`);
    this.#lastNumber = number;
    if (this.#previous) void this.leave(this.#previous.number);
    const { policy } = this.#current;
    const next = new SfuPeer(number, { ...this.#setup, policy }, this.#reports);
    this.#next = next;
    const { id, room } = this.#setup;
    const { names } = this.#current;
    const idsOf = (tracks: readonly Track[]) => new Set(tracks.map(({ trackId }) => trackId));
    let followed: ReadonlyMap<string, string> = new Map();
    const muted: string[] = [];
    const follow = () => muted.push(...room.moderation.follow(followed));
    next.onFirstOffer = (tracks) => {
      const [own, offered] = [idsOf(room.tracksOf(id)), idsOf(tracks)];
      const ids = [...renamed].map(([from, to]) => [names.ofRoom(from), next.names.ofRoom(to)] as const);
      followed = new Map(ids.filter(([from, to]) => own.has(from) && offered.has(to)));
      follow();
    };
    try {
      await next.join(
        sfu,
        sdp,
        () => undefined,
        signal,
        ({ released }) => {
          // A moderator may have muted one of them meanwhile.
          follow();
          this.#current.keepOnly(idsOf(room.tracksOf(id)));
          this.#forget();
          this.#followed = followed;
          this.#previous = this.#current;
          this.#current = next;
          this.#timer = setTimeout(() => void this.leave(this.#previous?.number), OVERLAP_MS).unref();
          this.#owner.onTracks({ ...released, renamed: followed });
        },
        () => {},
      );
    } catch (error) {
      room.moderation.forget(muted);
      throw error;
    } finally {
      this.#next = undefined;
    }
  }

  /** Leaves the peer that was replaced, if it is the one of that number. */
  async leave(number: number | undefined): Promise<void> {
    const previous = number === undefined ? undefined : this.#previousOf(number);
    if (!previous) return;
    clearTimeout(this.#timer);
    previous.leave(() => new RelayError('ERR_RELAY_REJOIN', 'Another peer has taken its place.'));
    await previous.end();
  }

  /** Nothing is told or taken any more; `end` follows. */
  leaveAll(why: () => RelayError): void {
    clearTimeout(this.#timer);
    this.#next?.abort(why);
    this.#previous?.leave(why);
    this.#current.leave(why);
  }

  /** Leaves the SFU. `silent` where the SFU does not answer. */
  endAll(silent = false): void {
    this.#previous?.end(silent);
    this.#current.end(silent);
  }

  /** What is published is held against what may be published by now. */
  async revise(isJoined: () => boolean): Promise<void> {
    const previous = this.#previous;
    // What is muted by its new id, the previous peer sends by the old one.
    if (previous) this.#setup.room.moderation.follow([...this.#followed].map(([from, to]) => [to, from]));
    await this.#current.revise(isJoined);
    await previous
      ?.revise(() => isJoined() && this.#previous === previous)
      .catch(() => {
        void this.leave(previous.number);
      });
  }

  #previousOf(number: number): SfuPeer | undefined {
    return this.#previous?.number === number ? this.#previous : undefined;
  }

  get #all(): SfuPeer[] {
    return [this.#current, this.#next, this.#previous].filter((peer) => peer !== undefined);
  }

  #makeReports(): PeerOwner {
    const owner = this.#owner;
    const isCurrent = (number: number) => number === this.#current.number;
    return {
      signals: owner.signals,
      replies: owner.replies,
      onOffer: (peer, offer) => owner.onOffer(peer === 1 ? offer : { ...offer, peer }),
      onCandidate: (peer, target, init) => owner.onCandidate(target, init, peer === 1 ? undefined : peer),
      onTracks: (peer, offer) => {
        if (isCurrent(peer)) owner.onTracks(offer);
      },
      onCut: (peer, trackId, isCut) => {
        if (isCurrent(peer)) owner.onCut(trackId, isCut);
      },
      onCrowded: (peer, crowd) => {
        if (isCurrent(peer)) owner.onCrowded(peer, crowd);
      },
      onBroken: (peer, error) => {
        if (isCurrent(peer)) owner.onBroken(error);
        else if (peer === this.#next?.number) this.#next.abort(() => error);
        else void this.leave(peer);
      },
      onEnded: (peer, error) => this.#peerEnded(peer, error),
    };
  }

  /** The previous peer's ids are nobody's any more. */
  #forget(): void {
    const { id, room } = this.#setup;
    const own = new Set(room.tracksOf(id).map(({ trackId }) => trackId));
    room.moderation.forget([...this.#followed.keys()].filter((trackId) => !own.has(trackId)));
    this.#followed = new Map();
  }

  #peerEnded(number: number, error: RelayError | undefined): void {
    if (number === this.#previous?.number) {
      this.#forget();
      this.#previous = undefined;
      clearTimeout(this.#timer);
      if (this.#ended) this.#owner.onEnded(this.#ended.error);
    } else if (number === this.#current.number) {
      this.#ended = { error };
      if (!this.#previous) this.#owner.onEnded(error);
      else if (error) this.#owner.onBroken(error);
    }
  }
}
