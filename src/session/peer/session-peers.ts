import type { GuardPolicy } from '../../guard/guard.js';
import { rejoinSoon } from '../../guard/saturation.js';
import { invalidParams, invalidState, RelayError } from '../../protocol/errors.js';
import type { SessionCloseReason, SessionState } from '../../protocol/session-state.js';
import type { Track } from '../../protocol/types.js';
import type { RoomSession } from '../../room/participants/room-member.js';
import type { CancelSignal } from '../../util/cancellation.js';
import type { SessionEmitter, SessionSink } from '../events/session-emitter.js';
import { Interruption, LossPolicy } from './interruption.js';
import type { MessageFilters } from './message-filters.js';
import type { NextPeer } from './next-peer.js';
import { OldPeers } from './old-peers.js';
import type { PeerOwner, PeerSetup } from './peer-owner.js';
import { type PeersElsewhere, type PeersState, peerElsewhere } from './peers-elsewhere.js';
import { SfuPeer } from './sfu-peer.js';
import type { Takeover } from './takeover.js';

/** The session of the peers. */
interface SessionPeersOwner {
  readonly session: RoomSession;
  readonly filters: MessageFilters | undefined;
  readonly emitter: SessionEmitter;
  readonly lifecycle: {
    readonly state: SessionState;
    readonly isDetached: boolean;
    readonly isElsewhere: boolean;
    /** The session can't go on. */
    break(error: RelayError): void;
    /** All streams have ended. */
    finish(reason: SessionCloseReason): void;
  };
}

/**
 * The peers of a session: the current one; during a replacement also the next one, which joins, and afterwards the old ones, until
 * the client leaves them.
 */
export class SessionPeers {
  readonly #setup: PeerSetup;
  readonly #owner: SessionPeersOwner;
  readonly #reports: PeerOwner;
  #current: SfuPeer;
  #next: SfuPeer | undefined;
  /** Made by the first replacement. */
  #old: OldPeers | undefined;
  #lastNumber: number;
  /** Set while the SFU has lost the current peer, and no other one has joined. */
  #interruption: Interruption | undefined;
  /** Those that other processes still have. */
  #elsewhere: PeersElsewhere | undefined;
  /** Made by the first loss. */
  #losses: LossPolicy | undefined;
  /** The current peer's stream has ended before those of the old ones. */
  #ended: { error: RelayError | undefined } | undefined;

  constructor(setup: PeerSetup, owner: SessionPeersOwner, takeover: Takeover | undefined) {
    this.#setup = setup;
    this.#owner = owner;
    this.#reports = this.#makeReports();
    this.#lastNumber = 1;
    this.#current = new SfuPeer(1, setup, this.#reports, takeover);
    owner.emitter.held = this;
  }

  /** For another process, which asks the client for another peer. */
  get state(): PeersState {
    const { autoSubscribe } = this.#setup;
    return { ...this.#current.state, lastPeer: this.#lastNumber, autoSubscribe };
  }

  /** The session was in another process so far: asks its client for another peer. */
  assume(state: PeersState, elsewhere: PeersElsewhere): void {
    this.#lastNumber = state.lastPeer;
    this.#elsewhere = elsewhere;
    this.#current = new SfuPeer(state.peer, this.#setup, this.#reports);
    this.#current.assume(state);
    this.#interruption = this.#interrupt(state.peer, peerElsewhere());
    this.#interruption.relocate();
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
    return this.#current.isHolding || this.#old?.all.some(({ isHolding }) => isHolding) === true;
  }

  release(): void {
    for (const peer of this.#old?.all ?? []) peer.release();
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

  /** Undefined: it has ended, or not joined. */
  find(number: number): SfuPeer | undefined {
    return number === this.#current.number ? this.#current : this.#old?.find(number);
  }

  /**
   * Another peer joins and becomes the current one; its tracks replace those of the session. `current.open()` then emits the
   * SFU's messages to it.
   */
  async replace(
    { number = this.#lastNumber + 1, sdp, renamed }: NextPeer,
    signal: CancelSignal | undefined,
  ): Promise<void> {
    if (this.#next) throw invalidState('Another peer is joining: one rejoin at a time.');
    if (!Number.isSafeInteger(number) || number <= this.#lastNumber)
      throw invalidParams(`"peer" must be greater than ${this.#lastNumber}.`);
    this.#lastNumber = number;
    this.#interruption?.attempted();
    this.#old ??= new OldPeers(this.#setup);
    const old = this.#old;
    const { policy } = this.#current;
    const next = new SfuPeer(number, { ...this.#setup, policy }, this.#reports);
    this.#next = next;
    const { room, id } = this.#setup;
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
          const lost = this.#interruption;
          if (!lost) {
            this.#current.keepOnly(idsOf(room.tracksOf(id)));
            old.add(this.#current, followed);
          }
          this.#current = next;
          const { session } = this.#owner;
          room.members.setTracks(session, { tracks: released.tracks, cut: released.cut, renamed: followed });
          if (!lost) return;
          this.#interruption = undefined;
          old.forget(followed.keys());
          this.#elsewhere?.leaveLater();
          lost.resumed(number);
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

  /** Leaves the old peer with this number, if there is one, unless others still need it. @returns ms after which the client may ask again */
  askToLeave(number: number): { afterMs?: number } {
    this.#elsewhere?.leave(number);
    return this.#old?.askToLeave(number) ?? {};
  }

  /** The room is moving: others receive media from the old peers for this time at least. */
  hold(ms: number): void {
    this.#old?.hold(ms);
  }

  /** No peer emits or accepts messages any more; `endAll` follows. */
  leaveAll(why: () => RelayError): void {
    this.#old?.stop();
    this.#elsewhere?.leaveAll();
    if (this.#interruption) {
      this.#interruption.left();
      this.#ended ??= { error: this.#interruption.error };
    }
    this.#next?.abort(why);
    for (const peer of this.#old?.all ?? []) peer.leave(why);
    this.#current.leave(why);
  }

  /** Leaves the SFU. `silent`: the SFU does not answer. */
  endAll(silent = false): void {
    for (const peer of this.#old?.all ?? []) peer.end(silent);
    this.#current.end(silent);
    if (this.#ended && !this.#hasOld) this.#finish(this.#ended.error);
  }

  /** Sends revised offers to the SFU, where grants or mutes have changed what the session may publish. */
  async revise(isJoined: () => boolean): Promise<void> {
    const current = this.#current;
    // The next peer's first offer will be revised.
    if (this.#interruption) return;
    await current.revise(isJoined).catch((error) => {
      if (!this.#interruption && this.#current === current) throw error;
    });
    await this.#old?.revise(isJoined);
  }

  get #hasOld(): boolean {
    return this.#old !== undefined && this.#old.all.length > 0;
  }

  get all(): SfuPeer[] {
    return [this.#current, ...(this.#next ? [this.#next] : []), ...(this.#old?.all ?? [])];
  }

  #makeReports(): PeerOwner {
    const { session, filters, emitter, lifecycle } = this.#owner;
    const isCurrent = (number: number) => number === this.#current.number;
    return {
      signals: filters?.signals,
      replies: filters?.replies,
      emitter,
      onTracks: (peer, offer) => {
        const isShown = isCurrent(peer) && !lifecycle.isElsewhere;
        if (isShown) this.#setup.room.members.setTracks(session, offer);
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
        else this.#old?.leave(peer);
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
    this.#old?.leaveEach();
    const lost = () => new RelayError('ERR_RELAY_REJOIN', 'The SFU has lost the peer: wait for "rejoin".');
    this.#current.leave(lost);
    this.#current.end(error.code === 'ERR_RELAY_SFU_TIMEOUT');
    this.#interruption = this.#interrupt(peer, error);
    this.#interruption.begin(this.#next !== undefined);
    return true;
  }

  #interrupt(peer: number, error: RelayError): Interruption {
    const { emitter, lifecycle } = this.#owner;
    return new Interruption(this.#setup, emitter, { peer, error }, () => lifecycle.break(error));
  }

  #peerEnded(number: number, error: RelayError | undefined): void {
    if (this.#old?.ended(number)) {
      if (this.#ended && !this.#hasOld) this.#finish(this.#ended.error);
    } else if (number === this.#current.number && !this.#lose(error)) {
      this.#ended = { error };
      if (!this.#hasOld) this.#finish(error);
      else if (error) this.#owner.lifecycle.break(error);
    }
  }

  #finish(error: RelayError | undefined): void {
    this.#owner.lifecycle.finish(error ? { by: 'sfu', error } : { by: 'sfu' });
  }
}
