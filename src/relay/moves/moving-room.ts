import { setTimeout as sleep } from 'node:timers/promises';
import type { Principal } from '../../access/authentication.js';
import { RelayError } from '../../protocol/errors.js';
import type { RejoinNotice } from '../../protocol/types.js';
import type { Room } from '../../room/room.js';
import type { Session } from '../../session/session.js';
import type { Relocation } from '../../sfu/pool/placements.js';
import type { SfuPool } from '../../sfu/pool/sfu-pool.js';
import { inSlices } from '../../util/in-slices.js';
import type { ResolvedMove, RoomMoveReport } from './move-options.js';

/** How often the sessions of a moving room are looked at. */
const LOOK_MS = 50;
/** Old peers of publishers stay this long after the last session that joins the new node: it then waits for media. */
const HOLD_MS = 3_000;
/** A client that has not sent `rejoin` this long after its time is asked again: it may have been replacing its peer already. */
const REPEAT_MS = 2_000;

const REASON = 'The room moves to another SFU node.';

export interface MovingRoomSetup<P extends Principal> {
  readonly sfu: SfuPool;
  readonly sessions: ReadonlyMap<string, Session<P>>;
  /** A session has a peer on the new node. */
  onMoved(session: Session<P>, from: string, to: string): void;
  /** A session has not moved in time. */
  onClosed(session: Session<P>): void;
}

/** One room whose sessions move to another node, each with a new peer beside its old one. */
export class MovingRoom<P extends Principal> {
  readonly #setup: MovingRoomSetup<P>;
  readonly #room: Room;
  readonly #move: ResolvedMove;
  #relocation: Relocation;
  /** Sessions that were in the old placement, and have not been in the new one yet. */
  readonly #pending = new Set<Session<P>>();
  /** Sessions that have moved; a failure of the new node moves them again. */
  #counted = new WeakSet<Session<P>>();
  /** Sessions that were joining when the room was placed: they may open their streams in the old placement. */
  #early: ReadonlySet<Session<P>>;
  /** `performance.now()` at which a session is asked again. */
  #repeats = new WeakMap<Session<P>, number>();
  #moved = 0;
  #closed = 0;

  /** @param relocation the room has been placed on the new node in this turn */
  constructor(setup: MovingRoomSetup<P>, room: Room, relocation: Relocation, move: ResolvedMove) {
    this.#setup = setup;
    this.#room = room;
    this.#relocation = relocation;
    this.#move = move;
    this.#early = this.#joining();
  }

  /**
   * Resolves when all sessions have moved, or those that have not are closed.
   * @throws RelayError `ERR_RELAY_ABORTED`: the move was cancelled, and all sessions that had moved have returned
   */
  async run(): Promise<RoomMoveReport> {
    const { signal } = this.#move;
    if (await this.#moveAll(signal)) return this.#report();
    const returns = await this.#return();
    await this.#moveAll(undefined);
    if (!returns) return this.#report();
    throw RelayError.from(signal?.reason, 'ERR_RELAY_ABORTED', 'The move was cancelled.');
  }

  /**
   * Resolves when all sessions are where the room is. At the deadline it closes those that are not.
   * @returns false if it was cancelled
   */
  async #moveAll(signal: AbortSignal | undefined): Promise<boolean> {
    let deadline = performance.now() + this.#move.deadlineMs;
    for (let isFirst = true; ; isFirst = false) {
      const waitMs = this.#ask(this.#look());
      if (isFirst) deadline += waitMs;
      this.#hold();
      // Streams that were opened before this turn are known only after it.
      await sleep(LOOK_MS, undefined, { ref: false });
      if (signal?.aborted) return false;
      const late = this.#look();
      const isLate = performance.now() >= deadline;
      if (isLate) await this.#close(late);
      if (isLate || late.length === 0) return true;
    }
  }

  /** @returns the sessions that are not where the room is */
  #look(): Session<P>[] {
    const generation = this.#setup.sfu.placementOf(this.#room)?.generation;
    const elsewhere: Session<P>[] = [];
    for (const session of this.#sessions()) {
      if (this.#isIn(session, generation)) continue;
      elsewhere.push(session);
      if (session.state === 'joined' && !this.#counted.has(session)) this.#pending.add(session);
    }
    const still = new Set(elsewhere);
    for (const session of this.#pending) {
      if (still.has(session)) continue;
      this.#pending.delete(session);
      if (session.state !== 'joined') continue;
      this.#counted.add(session);
      this.#moved += 1;
      const { from, to } = this.#relocation;
      this.#setup.onMoved(session, from.node.serverUrl, this.#room.node ?? to.node.serverUrl);
    }
    return elsewhere;
  }

  #isIn(session: Session<P>, generation: number | undefined): boolean {
    const { peers, state } = session;
    if (state === 'joining') {
      const opened = peers.current.generation;
      return opened === undefined ? !this.#early.has(session) : opened === generation;
    }
    if (peers.isInterrupted) return false;
    return peers.all.every((peer) => peer.number < peers.current.number || peer.generation === generation);
  }

  /** Viewers that have not moved receive from the old peers of those that have. */
  #hold(): void {
    for (const { peers, tracks } of this.#sessions()) if (tracks.length > 0) peers.hold(HOLD_MS);
  }

  /** @returns ms until the last one is to rejoin */
  #ask(sessions: readonly Session<P>[]): number {
    const now = performance.now();
    if (!this.#setup.sfu.canServe(this.#room)) return 0;
    const due = sessions.filter((session) => this.#mayAsk(session, now));
    const urgent = due.map((session) => session.tracks.length > 0);
    const waits = this.#setup.sfu.spread(urgent);
    for (const [index, session] of due.entries()) {
      const notice: RejoinNotice = { peer: session.peer, afterMs: waits[index] ?? 0, reason: REASON };
      this.#repeats.set(session, now + notice.afterMs + REPEAT_MS);
      session.emitter.emit('rejoin', notice);
    }
    return Math.max(0, ...waits);
  }

  /** An interrupted session is asked by its interruption; one without a connection gets what it was told when it has one again. */
  #mayAsk(session: Session<P>, now: number): boolean {
    const { state, peers, emitter } = session;
    if (state !== 'joined' || peers.isInterrupted || !emitter.canRejoin) return false;
    const repeatAt = this.#repeats.get(session);
    if (repeatAt !== undefined && (now < repeatAt || session.connection === 'detached')) return false;
    return !peers.all.some(({ number }) => number > peers.current.number);
  }

  async #close(sessions: readonly Session<P>[]): Promise<void> {
    const error = new RelayError('ERR_RELAY_CLOSED', 'The room has moved to another SFU node: join again.');
    await inSlices(sessions, (session) => {
      if (session.peers.isInterrupted || session.state === 'closing' || session.state === 'closed') return;
      this.#pending.delete(session);
      this.#closed += 1;
      this.#setup.onClosed(session);
      void session.close({ by: 'relay', error });
    });
  }

  /** @returns false if the room can't return */
  async #return(): Promise<boolean> {
    const { from, to } = this.#relocation;
    this.#look();
    if (!(await this.#setup.sfu.revert(this.#room, this.#relocation, 'cancelled'))) return false;
    this.#relocation = { from: to, to: from };
    this.#early = this.#joining();
    this.#pending.clear();
    this.#counted = new WeakSet();
    this.#repeats = new WeakMap();
    return true;
  }

  #report(): RoomMoveReport {
    const { from, to } = this.#relocation;
    const { node = to.node, generation } = this.#setup.sfu.placementOf(this.#room) ?? to;
    return {
      ...{ from: from.node.serverUrl, to: node.serverUrl, generation },
      ...{ moved: this.#moved, closed: this.#closed },
    };
  }

  #joining(): Set<Session<P>> {
    return new Set([...this.#sessions()].filter(({ state }) => state === 'joining'));
  }

  /** Those that are joining or joined. */
  *#sessions(): Generator<Session<P>> {
    for (const { id } of this.#room.moderation.sessions) {
      const session = this.#setup.sessions.get(id);
      if (session && (session.state === 'joining' || session.state === 'joined')) yield session;
    }
  }
}
