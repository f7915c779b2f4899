import type { Principal } from '../../../access/authentication.js';
import { readGrants, resolveRole } from '../../../access/grants.js';
import { unavailable } from '../../../backplane/attempt.js';
import type { RoomChange, RoomFields, Seat } from '../../../backplane/backplane.js';
import { endOf } from '../../../backplane/room-change.js';
import { RelayError } from '../../../protocol/errors.js';
import type { Room } from '../../../room/room.js';
import type { Rooms } from '../../../room/rooms.js';
import type { Session } from '../../../session/session.js';
import { isRecord } from '../../../util/is-record.js';
import { noop } from '../../../util/noop.js';
import { ArrivalRecorder } from './arrival-recorder.js';
import { ALIVE_MS, type SessionClaim } from './claim.js';
import { HeldPeers } from './held-peers.js';
import type { SessionDirectory } from './session-directory.js';
import { differenceOf, type HeldPeer, type LinkState, type SessionState } from './session-state.js';

/** ms for which the seat of a session that was lost on the way waits for its client to join again. */
const ORPHAN_MS = 10_000;

export interface SessionTakerSetup<P extends Principal> {
  readonly processId: string;
  readonly directory: SessionDirectory;
  readonly rooms: Pick<Rooms, 'enter' | 'leave'>;
  readonly sessions: ReadonlyMap<string, Session<P>>;
  isAlive(processId: string): boolean;
  ask(processId: string, method: string, params: object, timeoutMs?: number): Promise<unknown>;
  /** What comes for a session from the moment in which this process has it. */
  expect(room: Room, sessionId: string, arrival: ArrivalRecorder | undefined): void;
  /** Resolves when the room's earlier messages are here. */
  recalled(room: Room): Promise<void>;
  /** Makes the session, which is in the room from then on. */
  adopt(sessionId: string, room: Room, state: SessionState, principal: P, peers: HeldPeers): Session<P>;
}

/** Takes sessions over whose clients come to this process. */
export class SessionTaker<P extends Principal> {
  readonly #setup: SessionTakerSetup<P>;
  readonly #taking = new Map<string, Promise<void>>();

  constructor(setup: SessionTakerSetup<P>) {
    this.#setup = setup;
  }

  /**
   * Makes a session of another process one of this process, if there is such a session.
   * @param principal the client, as this process has authenticated it
   * @param serve is called in the turn in which the session is here; what it was told meanwhile follows
   * @throws RelayError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_REMOVED`, `ERR_RELAY_UNAVAILABLE`
   */
  async take(
    claim: SessionClaim,
    principal: P,
    serve: (session: Session<P>, link: LinkState) => void,
  ): Promise<void> {
    const { sessionId } = claim;
    // Of two tabs, the second one finds the session here, unless the first one has failed: it may belong to somebody else.
    for (let other = this.#taking.get(sessionId); other; other = this.#taking.get(sessionId))
      await other.catch(noop);
    if (this.#setup.sessions.has(sessionId)) return;
    const taking = this.#find(claim, principal, serve).finally(() => this.#taking.delete(sessionId));
    this.#taking.set(sessionId, taking);
    await taking;
  }

  async #find(
    claim: SessionClaim,
    principal: P,
    serve: (session: Session<P>, link: LinkState) => void,
  ): Promise<void> {
    const { directory, rooms, processId } = this.#setup;
    const entry = await directory.find(claim.sessionId);
    if (!entry || entry.heir !== undefined || entry.processId === processId) return;
    resolveRole(readGrants(principal.grants), entry.roomId, undefined);
    // Nobody is counted who has not proved to be the owner.
    const room = rooms.enter(entry.roomId, true);
    const visit = new Visit(room, rooms);
    try {
      await this.#setup.recalled(room);
      const holder = room.log.state.seats?.get(claim.sessionId)?.processId ?? entry.processId;
      if (this.#setup.isAlive(holder)) await this.#take(claim, holder, visit, principal, serve);
    } finally {
      visit.end();
    }
  }

  async #take(
    claim: SessionClaim,
    holder: string,
    visit: Visit,
    principal: P,
    serve: (session: Session<P>, link: LinkState) => void,
  ): Promise<void> {
    const { ask, expect, sessions } = this.#setup;
    const { sessionId } = claim;
    const { room } = visit;
    const answer = await ask(holder, 'mayTake', claim, ALIVE_MS).catch(ifSilent);
    if (!isRecord(answer)) return;
    if (answer.isForeign) throw notOwn();
    await room.moderation.readmit({ userId: String(answer.userId) } as Session<P>);
    const arrival = new ArrivalRecorder();
    expect(room, sessionId, arrival);
    // A change that has failed may have been made all the same.
    let isOrphan = true;
    try {
      const outcome = await room.log.commit((state) =>
        this.#swap(state, sessionId, holder, answer.seat as Seat),
      );
      isOrphan = !outcome.refused;
      if (outcome.refused) throw outcome.refused;
      const collected = await ask(holder, 'collect', { sessionId }).catch(ifSilent);
      if (collected === SILENT || sessions.has(sessionId)) return;
      // It has left in the meantime.
      if (!isRecord(collected)) {
        await this.#vacate(room, sessionId);
        isOrphan = false;
        return;
      }
      const state = collected as unknown as SessionState;
      this.#requireSeat(room.log.state, sessionId);
      isOrphan = false;
      visit.isHidden = state.hidden;
      const peers = new HeldPeers(state.held, (peer) => this.#leave(sessionId, peer));
      const session = this.#setup.adopt(sessionId, room, state, principal, peers);
      visit.stays = true;
      for (const each of new Set(state.held.map((peer) => peer.processId)))
        ask(each, 'keep', { sessionId, processId: this.#setup.processId }).catch(noop);
      const { link, isTold, proof } = state;
      serve(session, { ...link, isTold, proof });
      const difference = differenceOf(sessionId, state, room);
      if (difference) session.emitter.notifyParticipants(difference);
      arrival.replay(session.emitter);
    } finally {
      expect(room, sessionId, undefined);
      if (isOrphan) this.#orphan(sessionId, visit);
    }
  }

  /** @throws RelayError the room has ended, or the user was removed, while the session was on its way */
  #requireSeat({ seats, removals, end }: RoomFields, sessionId: string): void {
    if (end !== undefined) throw endOf(end);
    if (seats?.get(sessionId)?.processId === this.#setup.processId) return;
    const reason = removals?.get(sessionId);
    throw reason === undefined
      ? unavailable(new Error('its seat is gone'))
      : new RelayError('ERR_RELAY_REMOVED', reason);
  }

  /** The seat has another process from then on, and nothing else of it changes. */
  #swap({ seats, removals }: RoomFields, sessionId: string, holder: string, seat: Seat) {
    const known = seats?.get(sessionId);
    const reason = removals?.get(sessionId);
    if (reason !== undefined) return { refused: new RelayError('ERR_RELAY_REMOVED', reason) };
    if (known && known.processId !== holder) return { refused: unavailable(new Error('it has moved on')) };
    const { processId } = this.#setup;
    return { seats: new Map([[sessionId, { ...(known ?? seat), processId }]]) } satisfies RoomChange;
  }

  /** The process that had the session has died on the way: the client joins again, and takes the seat over. */
  #orphan(sessionId: string, visit: Visit): void {
    visit.stays = true;
    setTimeout(() => {
      const end = () => {
        visit.stays = false;
        visit.end();
      };
      this.#vacate(visit.room, sessionId).then(end, () => this.#orphan(sessionId, visit));
    }, ORPHAN_MS).unref();
  }

  /** Nobody has the seat any more, unless the client has come back. */
  async #vacate(room: Room, sessionId: string): Promise<void> {
    const { processId, sessions } = this.#setup;
    const isLeft = (seat: Seat | undefined) => seat?.processId === processId && !sessions.has(sessionId);
    await room.log.commit(({ seats }) =>
      isLeft(seats?.get(sessionId)) ? { seats: new Map([[sessionId, undefined]]) } : {},
    );
  }

  #leave(sessionId: string, { processId, peer }: HeldPeer): void {
    // Where it can't be asked, the peer ends by itself.
    this.#setup.ask(processId, 'leavePeer', { sessionId, peer }).catch(noop);
  }
}

/** Keeps a room open, which may have no session here yet. */
class Visit {
  readonly room: Room;
  readonly #rooms: Pick<Rooms, 'leave'>;
  /** A session has taken its place. */
  stays = false;
  #isHidden = true;

  constructor(room: Room, rooms: Pick<Rooms, 'leave'>) {
    this.room = room;
    this.#rooms = rooms;
  }

  set isHidden(isHidden: boolean) {
    this.room.occupancy.remove(this.#isHidden);
    this.#isHidden = isHidden;
    this.room.occupancy.add(isHidden);
  }

  end(): void {
    if (this.stays) return;
    this.room.occupancy.remove(this.#isHidden);
    this.#rooms.leave(this.room);
  }
}

const SILENT = Symbol('silent');

/** A process that does not answer is dead, or will be. */
function ifSilent(error: unknown): typeof SILENT {
  if (RelayError.from(error).code !== 'ERR_RELAY_UNAVAILABLE') throw error;
  return SILENT;
}

function notOwn(): RelayError {
  return new RelayError(
    'ERR_RELAY_FORBIDDEN',
    'This is not proven to be your session: bring its newest token, as the same user.',
  );
}

/** What a taker needs of the process that shares its rooms. */
interface SharingProcess {
  readonly processId: string;
  readonly elsewhere: { readonly directory: SessionDirectory; isAlive(processId: string): boolean };
  recalled(room: Room): Promise<void>;
  ask(processId: string, method: string, params: object, timeoutMs?: number): Promise<unknown>;
  expect(room: Room, sessionId: string, arrival: ArrivalRecorder | undefined): void;
}

export function takerOf<P extends Principal>(
  shared: SharingProcess,
  rooms: SessionTakerSetup<P>['rooms'],
  sessions: SessionTakerSetup<P>['sessions'],
  adopt: SessionTakerSetup<P>['adopt'],
): SessionTaker<P> {
  const { processId, elsewhere } = shared;
  return new SessionTaker({
    ...{ processId, rooms, sessions, adopt, directory: elsewhere.directory },
    isAlive: (each) => elsewhere.isAlive(each),
    ask: (...request) => shared.ask(...request),
    expect: (...expected) => shared.expect(...expected),
    recalled: (room) => shared.recalled(room),
  });
}
