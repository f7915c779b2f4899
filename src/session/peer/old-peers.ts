import { RelayError } from '../../protocol/errors.js';
import type { PeerSetup } from './peer-owner.js';
import type { SfuPeer } from './sfu-peer.js';

/** Old peers stay until their client leaves them, this long at most after the last replacement, or as long as others need them. */
const OVERLAP_MS = 15_000;
/** A room whose move is cancelled returns while the peers from before the move are still there. */
const MAX_PEERS = 2;

interface OldPeer {
  readonly peer: SfuPeer;
  /** The ids of its tracks on the current peer, by their ids on this one. */
  readonly followed: ReadonlyMap<string, string>;
}

/** The peers of a session that others have replaced: viewers receive their media until that of the current peer flows. */
export class OldPeers {
  readonly #setup: PeerSetup;
  /** The oldest first. */
  #old: OldPeer[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** `performance.now()` until which others need them. */
  #neededUntil = 0;

  constructor(setup: PeerSetup) {
    this.#setup = setup;
  }

  get all(): SfuPeer[] {
    return this.#old.map(({ peer }) => peer);
  }

  /** Undefined for a peer that has ended. */
  find(number: number): SfuPeer | undefined {
    return this.all.find((peer) => peer.number === number);
  }

  /** Another peer has replaced this one. @param renamed new track ids by those of this peer */
  add(peer: SfuPeer, renamed: ReadonlyMap<string, string>): void {
    const following = this.#old.map(({ peer: older, followed }) => {
      const ids = [...followed].map(([from, to]) => [from, renamed.get(to) ?? to] as const);
      return { peer: older, followed: new Map(ids) };
    });
    this.#old = [...following, { peer, followed: renamed }];
    for (const { number } of this.all.slice(0, -MAX_PEERS)) this.leave(number);
    this.#leaveAfter(OVERLAP_MS);
  }

  hold(ms: number): void {
    this.#neededUntil = performance.now() + ms;
  }

  /** @returns ms after which the client may ask again */
  askToLeave(number: number): { afterMs?: number } {
    const afterMs = this.#neededMs;
    if (afterMs > 0 && this.find(number)) return { afterMs };
    this.leave(number);
    return {};
  }

  leave(number: number): void {
    const peer = this.find(number);
    peer?.leave(() => new RelayError('ERR_RELAY_REJOIN', 'Another peer has taken its place.'));
    peer?.end();
  }

  leaveEach(): void {
    for (const { number } of this.all) this.leave(number);
  }

  /** A stream has ended. @returns false if it is not that of an old peer */
  ended(number: number): boolean {
    const ended = this.#old.find(({ peer }) => peer.number === number);
    if (!ended) return false;
    this.#old = this.#old.filter((each) => each !== ended);
    this.forget(ended.followed.keys());
    if (this.#old.length === 0) clearTimeout(this.#timer);
    return true;
  }

  /** Drops the mutes of those track ids that no peer uses any more. */
  forget(trackIds: Iterable<string>): void {
    const { id, room } = this.#setup;
    const used = new Set(room.tracksOf(id).map(({ trackId }) => trackId));
    for (const { followed } of this.#old) for (const trackId of followed.keys()) used.add(trackId);
    room.moderation.forget([...trackIds].filter((trackId) => !used.has(trackId)));
  }

  /** As `SfuPeer.revise`. An old peer sends a track by its old id, which may have been muted by the new one. */
  async revise(isJoined: () => boolean): Promise<void> {
    const { moderation } = this.#setup.room;
    for (const { followed } of this.#old) moderation.follow([...followed].map(([from, to]) => [to, from]));
    const revising = this.all.map((peer) =>
      peer.revise(() => isJoined() && this.find(peer.number) === peer).catch(() => this.leave(peer.number)),
    );
    await Promise.all(revising);
  }

  get #neededMs(): number {
    return Math.max(0, Math.ceil(this.#neededUntil - performance.now()));
  }

  #leaveAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const neededMs = this.#neededMs;
      if (neededMs > 0) this.#leaveAfter(neededMs);
      else this.leaveEach();
    }, ms).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
