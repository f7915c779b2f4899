import type { Seat } from '../../../backplane/backplane.js';
import { RelayError } from '../../../protocol/errors.js';
import type { SessionCloseReason } from '../../../protocol/session-state.js';
import type { RoomMember } from '../../../room/participants/room-member.js';
import { type OwnershipProof, proves, type SessionClaim } from './claim.js';
import type { HeldPeers } from './held-peers.js';
import type { SessionDirectory } from './session-directory.js';
import { type HandedLink, type MovedSession, type SessionState, stateOf } from './session-state.js';

/** ms within which the other process asks for what it needs of a session. */
const COLLECT_MS = 10_000;
/** ms for which a peer stays at most when its session is in another process. */
const HOLD_MS = 60_000;

type Params = Readonly<Record<string, unknown>>;

/** A session of this process. */
export interface HeldSession extends MovedSession {
  readonly state: string;
  readonly peers: MovedSession['peers'] & {
    readonly isInterrupted: boolean;
    askToLeave(number: number): object;
  };
  readonly lifecycle: { handOver(reason: SessionCloseReason): void };
  close(reason?: SessionCloseReason): Promise<void>;
}

export interface SessionHolderSetup {
  readonly processId: string;
  readonly directory: SessionDirectory;
  readonly sessions: ReadonlyMap<string, HeldSession>;
  isAlive(processId: string): boolean;
  /** The seat that the session has, or gets. */
  seatOf(session: HeldSession): Seat | undefined;
  /** Another process has the session from now on. Here it ends when it is closed. */
  handOver(session: HeldSession, reason: SessionCloseReason): void;
}

/** A session that another process has got. */
interface Held {
  readonly session: HeldSession;
  readonly state: Omit<SessionState, 'link'>;
  readonly link: HandedLink;
  /** Whether it has a peer. */
  readonly hasPeer: boolean;
  isCollected: boolean;
  /** The process that has it by now. */
  processId: string;
  timer: NodeJS.Timeout;
}

/** The sessions of this process that others continue: their peers stay here until the clients have others. */
export class SessionHolder {
  readonly #setup: SessionHolderSetup;
  readonly #links = new WeakMap<object, HandedLink>();
  readonly #elsewhere = new WeakMap<object, HeldPeers>();
  /** By session id. A session that has come back and gone again has several, the newest one last. */
  readonly #held = new Map<string, Held[]>();

  constructor(setup: SessionHolderSetup) {
    this.#setup = setup;
  }

  /** What the other processes may ask for. */
  readonly answers = {
    /** Whether they may continue a session; what they are to write as its seat. Undefined where there is no such session. */
    mayTake: (params: Params) => {
      const { sessions, directory } = this.#setup;
      const session = sessions.get(String(params.sessionId));
      const proof = directory.proofOf(String(params.sessionId));
      if (session?.state !== 'joined' || !proof) return undefined;
      if (!proves(params as unknown as SessionClaim, proof)) return { isForeign: true };
      if (!this.#links.get(session)?.canMove) return undefined;
      const { userId, hidden } = session;
      return { userId, hidden, seat: this.#setup.seatOf(session) };
    },
    collect: async ({ sessionId }: Params): Promise<SessionState | undefined> => {
      const id = String(sessionId);
      // What this process has not heard of yet.
      await this.#setup.sessions.get(id)?.room.log.commit(() => ({}));
      const held = this.#held.get(id)?.at(-1);
      if (!held) return undefined;
      const link = await held.link.collect();
      held.isCollected = true;
      this.#expire(held, HOLD_MS);
      return { ...held.state, link };
    },
    /** Another process has the session by now, and ends its peers. */
    keep: ({ sessionId, processId }: Params) => {
      for (const held of this.#of(sessionId)) {
        held.processId = String(processId);
        this.#expire(held, HOLD_MS);
      }
    },
    leavePeer: ({ sessionId, peer }: Params) => {
      for (const held of this.#of(sessionId)) {
        if (peer === undefined || peer === held.state.peers.peer) void this.#release(held);
        else held.session.peers.askToLeave(Number(peer));
      }
    },
  };

  /** Whether other processes need this one. */
  get isBusy(): boolean {
    return this.#all.some(({ hasPeer, isCollected }) => hasPeer || !isCollected);
  }

  /** What proves to be the owner of a session that another process has got. */
  proofOf(sessionId: string): OwnershipProof | undefined {
    return this.#held.get(sessionId)?.at(-1)?.state.proof;
  }

  /** The client of a session can go on in another process. */
  serve(session: HeldSession, link: HandedLink): void {
    this.#links.set(session, link);
  }

  /** Other processes still have peers of this session. */
  setElsewhere(session: object, peers: HeldPeers): void {
    this.#elsewhere.set(session, peers);
  }

  /** The room knows that another process has the session: the last moment in which it is a member here. */
  handedOver(sessionId: string, member: RoomMember, processId: string): void {
    const { sessions, directory, processId: own } = this.#setup;
    const session = sessions.get(sessionId);
    const link = session && this.#links.get(session);
    const proof = directory.proofOf(sessionId);
    if (!session || !link || !proof) return;
    session.room.members.catchUp(sessionId);
    link.freeze();
    const { peer } = session.peers.state;
    const here = session.peers.isInterrupted ? [] : [{ processId: own, peer }];
    const held: Held = {
      ...{ session, link, processId, hasPeer: here.length > 0, isCollected: false },
      state: {
        ...stateOf(session, member),
        proof,
        held: [...(this.#elsewhere.get(session)?.give() ?? []), ...here],
      },
      timer: setTimeout(() => {}, 0),
    };
    this.#held.set(sessionId, [...this.#of(sessionId), held]);
    this.#expire(held, COLLECT_MS);
    this.#setup.handOver(session, { by: 'relay', error: goesOnElsewhere() });
  }

  /** The client has joined again: nobody needs the peers of its session. Resolves when they have ended. */
  async release(sessionId: string): Promise<void> {
    await Promise.all(this.#of(sessionId).map((held) => this.#release(held)));
  }

  /** Once a second: nobody needs the peers for which a dead process is responsible. */
  beat(): void {
    for (const held of this.#all) if (!this.#setup.isAlive(held.processId)) void this.#release(held);
  }

  /** This process ends. */
  close(): void {
    for (const held of this.#all) void this.#release(held);
  }

  get #all(): readonly Held[] {
    return [...this.#held.values()].flat();
  }

  #of(sessionId: unknown): readonly Held[] {
    return this.#held.get(String(sessionId)) ?? [];
  }

  #expire(held: Held, ms: number): void {
    clearTimeout(held.timer);
    held.timer = setTimeout(() => this.#release(held), ms).unref();
  }

  #release(held: Held): Promise<void> {
    clearTimeout(held.timer);
    const { session } = held;
    const others = this.#of(session.id).filter((each) => each !== held);
    if (others.length > 0) this.#held.set(session.id, others);
    else this.#held.delete(session.id);
    return session.close({ by: 'relay', error: goesOnElsewhere() });
  }
}

function goesOnElsewhere(): RelayError {
  return new RelayError('ERR_RELAY_REPLACED', 'The session goes on in another process.');
}
