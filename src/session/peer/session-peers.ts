import type { GuardPolicy } from '../../guard/guard.js';
import { rejoinSoon } from '../../guard/saturation.js';
import { RelayError } from '../../protocol/errors.js';
import type { SessionCloseReason, SessionState } from '../../protocol/session-state.js';
import type { Track } from '../../protocol/types.js';
import type { RoomSession } from '../../room/participants/room-member.js';
import type { CancelSignal } from '../../util/cancellation.js';
import type { SessionEmitter, SessionSink } from '../events/session-emitter.js';
import { Interruption, LossPolicy } from './interruption.js';
import type { MessageFilters } from './message-filters.js';
import type { NextPeer } from './next-peer.js';
import type { PeerOwner, PeerSetup } from './peer-owner.js';
import { SfuPeer } from './sfu-peer.js';
import type { Takeover } from './takeover.js';

/** A replaced peer stays until its client leaves it, this long at most. */
const OVERLAP_MS = 15_000;

/** The session of the peers. */
interface SessionPeersOwner {
  readonly session: RoomSession;
  readonly filters: MessageFilters | undefined;
  readonly emitter: SessionEmitter;
  readonly lifecycle: {
    readonly state: SessionState;
    readonly isDetached: boolean;
    /** The session can't go on. */
    break(error: RelayError): void;
    /** All streams have ended. */
    finish(reason: SessionCloseReason): void;
  };
}

/**
 * The peers of a session: the current one; during a replacement also the next one, which joins, and afterwards the previous
 * one, until the client leaves it.
 */
export class SessionPeers {
  readonly #setup: PeerSetup;
  readonly #owner: SessionPeersOwner;
  readonly #reports: PeerOwner;
  #current: SfuPeer;
  #next: SfuPeer | undefined;
  #previous: SfuPeer | undefined;
  /** New track ids by those of the previous peer's tracks. */
  #followed: ReadonlyMap<string, string> = new Map();
  #lastNumber: number;
  #timer: NodeJS.Timeout | undefined;
  /** Set while the SFU has lost the current peer, and no other one has joined. */
  #interruption: Interruption | undefined;
  /** Made by the first loss. */
  #losses: LossPolicy | undefined;
  /** Set when the current peer's stream ended before the previous one's. */
  #ended: { error: RelayError | undefined } | undefined;

  /** @param takeover of the first peer */
  constructor(setup: PeerSetup, owner: SessionPeersOwner, takeover: Takeover | undefined) {
    this.#setup = setup;
    this.#owner = owner;
    this.#reports = this.#makeReports();
    this.#lastNumber = 1;
    this.#current = new SfuPeer(1, setup, this.#reports, takeover);
    owner.emitter.held = this;
  }

  get current(): SfuPeer {
    return this.#current;
  }

  set policy(policy: GuardPolicy) {
    for (const peer of this.all) peer.policy = policy;
  }

  get hasDataChannels(): boolean {
    return this.all.some(({ hasDataChannels }) => hasDataChannels);
  }

  get isHolding(): boolean {
    return this.#current.isHolding || this.#previous?.isHolding === true;
  }

  release(): void {
    this.#previous?.release();
    this.#current.release();
  }

  /** Whether the SFU has lost the current peer. */
  get isInterrupted(): boolean {
    return this.#interruption !== undefined;
  }

  /** Tells a new client connection of an interruption. The session ends if the client can't replace the peer. */
  remind(sink: SessionSink): void {
    const interruption = this.#interruption;
    if (!interruption) return;
    if (sink.canRejoin) interruption.remind(sink);
    else if (this.#owner.emitter.listenerCount('rejoin') === 0)
      queueMicrotask(() => this.#owner.lifecycle.break(interruption.error));
  }

  /** Undefined for a peer that has ended or not joined. */
  find(number: number): SfuPeer | undefined {
    return number === this.#current.number ? this.#current : this.#previousOf(number);
  }

  /**
   * Another peer joins and becomes the current one; its tracks replace those of the session. `current.open()` then emits the
   * SFU's messages to it.
   */
  async replace(
    { number = this.#lastNumber + 1, sdp, renamed }: NextPeer,
    signal: CancelSignal | undefined,
  ): Promise<void> {
    if (this.#next)
      throw new RelayError('ERR_RELAY_INVALID_STATE', 'Another peer is joining: one rejoin at a time.');
    if (!Number.isSafeInteger(number) || number <= this.#lastNumber)
      throw new RelayError('ERR_RELAY_INVALID_PARAMS', `"peer" must be greater than ${this.#lastNumber}.`);
    this.#lastNumber = number;
    this.#interruption?.attempted();
    if (this.#previous) this.leave(this.#previous.number);
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
        sdp,
        () => undefined,
        signal,
        ({ released }) => {
          // A moderator may have muted a track during the join.
          follow();
          this.#forget();
          this.#followed = followed;
          const lost = this.#interruption;
          if (!lost) {
            this.#current.keepOnly(idsOf(room.tracksOf(id)));
            this.#previous = this.#current;
            this.#timer = setTimeout(() => this.leave(this.#previous?.number), OVERLAP_MS).unref();
          }
          this.#current = next;
          const { session } = this.#owner;
          room.members.setTracks(session, { tracks: released.tracks, cut: released.cut, renamed: followed });
          if (!lost) return;
          this.#interruption = undefined;
          this.#forget();
          lost.resumed();
          this.#owner.emitter.emit('resumed', { peer: number });
        },
        () => {},
      );
    } catch (error) {
      room.moderation.forget(muted);
      this.#interruption?.failed();
      throw error;
    } finally {
      this.#next = undefined;
    }
  }

  /** Leaves the previous peer, if it has this number. */
  leave(number: number | undefined): void {
    const previous = number === undefined ? undefined : this.#previousOf(number);
    if (!previous) return;
    clearTimeout(this.#timer);
    previous.leave(() => new RelayError('ERR_RELAY_REJOIN', 'Another peer has taken its place.'));
    previous.end();
  }

  /** No peer emits or accepts messages any more; `endAll` follows. */
  leaveAll(why: () => RelayError): void {
    clearTimeout(this.#timer);
    if (this.#interruption) {
      this.#interruption.left();
      this.#ended ??= { error: this.#interruption.error };
    }
    this.#next?.abort(why);
    this.#previous?.leave(why);
    this.#current.leave(why);
  }

  /** Leaves the SFU. `silent`: the SFU does not answer. */
  endAll(silent = false): void {
    this.#previous?.end(silent);
    this.#current.end(silent);
    if (this.#ended && !this.#previous) this.#finish(this.#ended.error);
  }

  /** Sends revised offers to the SFU, where grants or mutes have changed what the session may publish. */
  async revise(isJoined: () => boolean): Promise<void> {
    const previous = this.#previous;
    const current = this.#current;
    // The next peer's first offer will be revised.
    if (this.#interruption) return;
    // The previous peer sends a track by its old id, which may have been muted by the new one.
    if (previous) this.#setup.room.moderation.follow([...this.#followed].map(([from, to]) => [to, from]));
    await current.revise(isJoined).catch((error) => {
      if (!this.#interruption && this.#current === current) throw error;
    });
    await previous
      ?.revise(() => isJoined() && this.#previous === previous)
      .catch(() => {
        this.leave(previous.number);
      });
  }

  #previousOf(number: number): SfuPeer | undefined {
    return this.#previous?.number === number ? this.#previous : undefined;
  }

  get all(): SfuPeer[] {
    return [this.#current, this.#next, this.#previous].filter((peer) => peer !== undefined);
  }

  #makeReports(): PeerOwner {
    const { session, filters, emitter, lifecycle } = this.#owner;
    const isCurrent = (number: number) => number === this.#current.number;
    return {
      signals: filters?.signals,
      replies: filters?.replies,
      emitter,
      onTracks: (peer, offer) => {
        if (isCurrent(peer)) this.#setup.room.members.setTracks(session, offer);
      },
      onMuted: (peer, trackId, muted) => {
        if (isCurrent(peer)) emitter.emit('mute', { trackId: this.#current.names.ofClient(trackId), muted });
      },
      onSaturated: (peer, saturation) => {
        if (isCurrent(peer)) emitter.emit('rejoin', rejoinSoon(peer, saturation));
      },
      onBroken: (peer, error) => {
        // Without a connection a client can't answer an offer; it gets the full time again with the next one.
        if (error.code === 'ERR_RELAY_CLIENT_TIMEOUT' && lifecycle.isDetached) return;
        if (isCurrent(peer)) this.#lose(error) || lifecycle.break(error);
        else if (peer === this.#next?.number) this.#next.abort(() => error);
        else this.leave(peer);
      },
      onEnded: (peer, error) => this.#peerEnded(peer, error),
    };
  }

  /**
   * The SFU has lost the current peer. The session goes on if its client can replace the peer.
   * @returns false if it has to end
   */
  #lose(error: RelayError | undefined): boolean {
    if (this.#interruption) return true;
    const { emitter, lifecycle } = this.#owner;
    if (lifecycle.state !== 'joined' || !emitter.canRejoin) return false;
    this.#losses ??= new LossPolicy();
    if (!this.#losses.mayReplace(error)) return false;
    const { number: peer } = this.#current;
    this.leave(this.#previous?.number);
    this.#current.leave(
      () => new RelayError('ERR_RELAY_REJOIN', 'The SFU has lost the peer: wait for "rejoin".'),
    );
    this.#current.end(error.code === 'ERR_RELAY_SFU_TIMEOUT');
    this.#interruption = new Interruption(this.#setup, emitter, { peer, error }, () =>
      lifecycle.break(error),
    );
    this.#interruption.begin(this.#next !== undefined);
    return true;
  }

  /** Drops the mutes of track ids that only the previous peer used. */
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
      if (this.#ended) this.#finish(this.#ended.error);
    } else if (number === this.#current.number && !this.#lose(error)) {
      this.#ended = { error };
      if (!this.#previous) this.#finish(error);
      else if (error) this.#owner.lifecycle.break(error);
    }
  }

  #finish(error: RelayError | undefined): void {
    this.#owner.lifecycle.finish(error ? { by: 'sfu', error } : { by: 'sfu' });
  }
}
