import type { Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import type { Room } from '../../room/room.js';
import type { Session } from '../../session/session.js';
import type { Placement } from '../../sfu/pool/placements.js';
import type { SendingPeer } from '../../sfu/sfu.js';
import type { RelayCounters } from '../../telemetry/relay-counters.js';
import type { Logger } from '../../util/logger.js';
import type { KnownPeers } from './known-peers.js';
import { findEvidence, hasSeen, isStill, peersApart, type SplitEvidence } from './split-evidence.js';

/** How often a room is looked at, and for how long after a join or the first media of a peer. */
const LOOK_MS = 1_000;
const WATCH_MS = 10_000;
/** ms for which the evidence has to hold after the SFU has answered everything. */
const HOLD_MS = 2_000;
/** ms in which a room is not placed anew twice: what splits it again is not cured by that. They double each time. */
const PAUSE_MS = 60_000;
const MAX_PAUSE_MS = 3_600_000;

interface SplitRoomsSetup<P extends Principal> {
  readonly rooms: ReadonlyMap<string, Room>;
  readonly sessions: ReadonlyMap<string, Session<P>>;
  readonly counters: Pick<RelayCounters, 'roomSplits'>;
  readonly logger: Logger;
  placementOf(room: Room): Placement | undefined;
  isMoving(room: Room): boolean;
  /** The peers that have sent media to the node of the room, as far as this process knows. */
  sendersOf(room: Room): readonly SendingPeer[];
  /** What the other processes know. */
  readonly peers: Pick<KnownPeers<P>, 'has' | 'learn'>;
  /** Places the room in another generation, and moves all of its sessions there. @throws RelayError */
  renew(room: Room): Promise<unknown>;
}

/**
 * Finds rooms that the SFU has twice, so that some participants do not see others, and places them anew. The join gate prevents
 * that, but for a process that stood still at the wrong moment, or another client of the same SFU.
 */
export class SplitRooms<P extends Principal> {
  readonly #setup: SplitRoomsSetup<P>;
  /** The rooms that are looked at, and the `performance.now()` until which they are. */
  readonly #watched = new Map<Room, number>();
  readonly #verifying = new WeakSet<Room>();
  /** Senders that have left, or moved: nobody in this generation can see them. */
  readonly #gone = new WeakSet<SendingPeer>();
  /** `performance.now()` at which rooms were placed anew, and ms in which they are not again. */
  readonly #renewed = new WeakMap<Room, { readonly at: number; readonly pauseMs: number }>();
  /** Rooms that were split again, until they may be placed anew. */
  readonly #paused = new WeakSet<Room>();
  #timer: NodeJS.Timeout | undefined;

  constructor(setup: SplitRoomsSetup<P>) {
    this.#setup = setup;
  }

  /** Somebody has joined the room, or begun to send. */
  watch(roomId: string): void {
    const room = this.#setup.rooms.get(roomId);
    if (!room) return;
    this.#watched.set(room, performance.now() + WATCH_MS);
    void this.#setup.peers.learn(room);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** The room gets another generation on the same node: this process, or another one, has found the split. */
  renewed(room: Room): void {
    const at = performance.now();
    const last = this.#renewed.get(room);
    if (last && at < last.at + last.pauseMs) return;
    const isAgain = last && at < last.at + MAX_PAUSE_MS + last.pauseMs;
    this.#renewed.set(room, { at, pauseMs: isAgain ? Math.min(2 * last.pauseMs, MAX_PAUSE_MS) : PAUSE_MS });
  }

  #look(): void {
    const now = performance.now();
    for (const [room, until] of this.#watched) {
      if (now > until || this.#setup.rooms.get(room.id) !== room) this.#watched.delete(room);
      else if (!this.#verifying.has(room) && !this.#paused.has(room)) this.#lookAt(room);
    }
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #lookAt(room: Room): void {
    const placement = this.#setup.placementOf(room);
    const evidence = placement && this.#find(room, placement);
    if (!evidence) return;
    this.#begin(room, placement, evidence);
  }

  #begin(room: Room, placement: Placement, evidence: SplitEvidence<P>): void {
    this.#verifying.add(room);
    this.#isSplit(room, placement, evidence)
      // The session has ended, or the sender's process does not answer: the room is looked at again.
      .catch((error) => {
        this.#setup.logger.debug({ err: error, roomId: room.id }, 'It is not known whether a room is split');
        return false;
      })
      .then((isSplit) => (isSplit ? this.#renew(room, placement, evidence) : undefined))
      .catch((error) => this.#failed(room, error))
      .finally(() => {
        this.#verifying.delete(room);
        this.watch(room.id);
      });
  }

  #find(room: Room, { generation }: Placement): SplitEvidence<P> | undefined {
    if (this.#setup.isMoving(room)) return undefined;
    // The SFU has not told of the end of every peer: what a process without a stream has missed stays.
    const senders = this.#setup
      .sendersOf(room)
      .filter((each) => !this.#gone.has(each) && room.members.member(each.sessionId));
    return senders.length > 0 ? findEvidence(this.#sessionsOf(room), senders, generation) : undefined;
  }

  /** The evidence is nothing while the SFU has something to do, or if the sender is not there any more. */
  async #isSplit(
    room: Room,
    { generation }: Placement,
    { peer, sender, ...evidence }: SplitEvidence<P>,
  ): Promise<boolean> {
    const { peers, placementOf, isMoving } = this.#setup;
    const apart = peersApart(this.#sessionsOf(room), sender, generation);
    await peer.sight.settled();
    await new Promise((resolve) => setTimeout(resolve, HOLD_MS).unref());
    if (!(await peers.has(sender, generation))) {
      this.#gone.add(sender);
      return false;
    }
    if (placementOf(room)?.generation !== generation || isMoving(room)) return false;
    return isStill({ peer, sender, ...evidence }) && !apart.some((each) => hasSeen(each, sender));
  }

  async #renew(room: Room, { node, generation }: Placement, evidence: SplitEvidence<P>): Promise<void> {
    const { counters, logger, renew } = this.#setup;
    const { session, sender } = evidence;
    const details = {
      ...{ roomId: room.id, serverUrl: node.serverUrl, generation },
      ...{ sessionId: session.id, unseen: sender.sessionId },
    };
    const last = this.#renewed.get(room);
    const pauseMs = last ? last.at + last.pauseMs - performance.now() : 0;
    if (pauseMs > 0) {
      this.#paused.add(room);
      counters.roomSplits.add('left');
      logger.error(details, 'The SFU has split the room again: some participants do not see others');
      const isOver = () => {
        this.#paused.delete(room);
        this.#begin(room, { node, generation }, evidence);
      };
      setTimeout(isOver, pauseMs).unref();
      return;
    }
    this.renewed(room);
    logger.warn(details, 'The SFU has split the room: it is placed anew, and its sessions move');
    await renew(room);
    counters.roomSplits.add('healed');
  }

  #failed(room: Room, error: unknown): void {
    const { code } = RelayError.from(error);
    // Another process was faster, or the shared state can't be reached: the room is looked at again.
    if (code === 'ERR_RELAY_INVALID_STATE' || code === 'ERR_RELAY_UNAVAILABLE') return;
    this.#setup.logger.error({ err: error, roomId: room.id }, 'A split room could not be placed anew');
  }

  *#sessionsOf(room: Room): Generator<Session<P>> {
    for (const { id } of room.moderation.sessions) {
      const session = this.#setup.sessions.get(id);
      if (session) yield session;
    }
  }
}
