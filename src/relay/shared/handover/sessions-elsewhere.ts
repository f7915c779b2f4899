import { attempt } from '../../../backplane/attempt.js';
import type { Backplane, Seat } from '../../../backplane/backplane.js';
import { RelayError } from '../../../protocol/errors.js';
import { isId } from '../../../protocol/ids.js';
import type { SessionCloseReason } from '../../../protocol/session-state.js';
import { joinedAgain, type ReplaceableElsewhere } from '../../../session/peer/takeover.js';
import { isRecord } from '../../../util/is-record.js';
import type { Logger } from '../../../util/logger.js';
import { noop } from '../../../util/noop.js';
import type { Answers } from '../process-calls.js';
import { ALIVE_MS, proves, type SessionClaim } from './claim.js';
import { LongCalls } from './long-calls.js';
import { type DirectoryEntry, SessionDirectory } from './session-directory.js';
import { type HeldSession, SessionHolder } from './session-holder.js';

type Params = Readonly<Record<string, unknown>>;

export interface SessionsElsewhereSetup {
  readonly backplane: Backplane;
  readonly processId: string;
  readonly logger: Logger;
  /** The sessions of this process. */
  readonly sessions: ReadonlyMap<string, HeldSession>;
  /** Asks another process. @throws RelayError */
  readonly ask: (processId: string, method: string, params: object, timeoutMs?: number) => Promise<unknown>;
  /** Resolves when the others know this process. @throws RelayError `ERR_RELAY_UNAVAILABLE` where that takes too long */
  readonly announced: () => Promise<void>;
  /** The seat that a session has, or gets. */
  readonly seatOf: (session: HeldSession) => Seat | undefined;
  /** Another process has the session from now on. Here it ends when it is closed. */
  readonly handOver: (session: HeldSession, reason: SessionCloseReason) => void;
  /** A session of another process has ended: this one does not show it any longer. */
  readonly left: (roomId: string, sessionId: string) => void;
}

/** A process has said that it does something. */
interface ProcessClaim {
  readonly processId: string;
  /** As the others see it. */
  readonly text: string;
}

/** The sessions of the other processes, as far as their clients come to this one. */
export class SessionsElsewhere {
  readonly directory: SessionDirectory;
  readonly holder: SessionHolder;
  /** What the other processes may ask for. */
  readonly answers: Record<string, Answers[string]>;
  readonly #setup: SessionsElsewhereSetup;
  readonly #calls: LongCalls;
  #claims = 0;

  constructor(setup: SessionsElsewhereSetup) {
    this.#setup = setup;
    this.directory = new SessionDirectory(setup.backplane, setup.processId, setup.logger);
    const isAlive = (processId: string) => this.isAlive(processId);
    this.holder = new SessionHolder({ ...setup, directory: this.directory, isAlive });
    this.#calls = new LongCalls({ ...setup, isAlive });
    this.answers = {
      ...this.holder.answers,
      owns: (params) => this.#isOwnerHere(params),
      replace: (params) => this.#replace(params),
    };
  }

  /** Other processes may ask for more. */
  serve(answers: Answers): void {
    Object.assign(this.answers, answers);
  }

  /**
   * The process that has a session, if that is another one.
   * @throws RelayError `ERR_RELAY_UNAVAILABLE`
   */
  async processOf(sessionId: string): Promise<string | undefined> {
    const entry = isId(sessionId) ? await this.directory.find(sessionId) : undefined;
    if (!entry || entry.heir !== undefined || entry.processId === this.#setup.processId) return undefined;
    return entry.processId;
  }

  /** Asks a process for what may take long. @throws RelayError `ERR_RELAY_UNAVAILABLE` as soon as it is gone */
  ask(...request: Parameters<LongCalls['ask']>): Promise<unknown> {
    return this.#calls.ask(...request);
  }

  /**
   * The session of a client in another process, or the one that has replaced it meanwhile.
   * @returns undefined where it has ended; `foreign` if the client does not prove that it is its own
   * @throws RelayError `ERR_RELAY_UNAVAILABLE`
   */
  async replaceable(claim: SessionClaim): Promise<ReplaceableElsewhere | 'foreign' | undefined> {
    const { directory } = this;
    const entry = await directory.find(claim.sessionId);
    if (!entry) return undefined;
    const { heir } = entry;
    if (heir !== undefined && !proves(claim, entry)) return 'foreign';
    const named = heir === undefined ? entry : await directory.find(heir);
    // Sessions of this process need no directory.
    if (!named || named.processId === this.#setup.processId) return undefined;
    const isHere = heir === undefined ? () => this.#owns(named.processId, claim) : () => true;
    const isOwner = this.isAlive(named.processId) ? await isHere() : 'silent';
    if (isOwner === undefined) return undefined;
    if (isOwner === 'silent' ? !proves(claim, entry) : !isOwner) return 'foreign';
    return this.#replaceable(heir ?? claim.sessionId, named, entry, claim, isOwner === 'silent');
  }

  /** Whether there is another process that can take sessions over. */
  get hasOthers(): boolean {
    const { backplane, processId } = this.#setup;
    return backplane.processes().some((card) => card.processId !== processId && !card.closing);
  }

  /** The other processes that live. */
  get others(): readonly string[] {
    const { backplane, processId: own } = this.#setup;
    return backplane.processes().flatMap(({ processId }) => (processId === own ? [] : processId));
  }

  /**
   * One process does what has this name, for as long as that is known.
   * @param failed the claim of a process that does not do it
   * @returns the claim of the process that does it; undefined if that is this one
   * @throws RelayError `ERR_RELAY_UNAVAILABLE`
   */
  async claim(name: string, ttlMs: number, failed?: ProcessClaim): Promise<ProcessClaim | undefined> {
    const { backplane, processId, announced } = this.#setup;
    // The others take one of which they have not heard for dead.
    await announced();
    // Each claim is another one, so that only one of several processes takes the place of a failed one.
    this.#claims += 1;
    const own = `${processId} ${this.#claims}`;
    const text = await attempt(() => backplane.claim(name, own, ttlMs, failed?.text));
    if (text === own) return undefined;
    const claim = { text, processId: text.slice(0, text.lastIndexOf(' ')) };
    // What this process has claimed before it does not do any more.
    return claim.processId === processId ? this.claim(name, ttlMs, claim) : claim;
  }

  /** Once a second. */
  beat(): void {
    this.directory.beat((processId) => this.isAlive(processId));
    this.holder.beat();
    this.#calls.beat();
  }

  isAlive(processId: string): boolean {
    return this.#setup.backplane.processes().some((card) => card.processId === processId);
  }

  /** Whether a session of this process belongs to the client; undefined where there is no such session. */
  #isOwnerHere(params: Params): boolean | undefined {
    const sessionId = String(params.sessionId);
    const proof = this.directory.proofOf(sessionId) ?? this.holder.proofOf(sessionId);
    return proof && proves(params as unknown as SessionClaim, proof);
  }

  async #replace({ sessionId }: Params): Promise<object | undefined> {
    const session = this.#setup.sessions.get(String(sessionId));
    // The other process tells which session has replaced it.
    const forgotten = this.directory.forget(String(sessionId), true);
    const released = this.holder.release(String(sessionId));
    await Promise.all([forgotten, released, session?.close({ by: 'relay', error: joinedAgain() })]);
    return session && { changes: session.permissions.changes };
  }

  /** @returns undefined where it does not have the session; `silent` where it does not answer */
  async #owns(processId: string, claim: SessionClaim): Promise<boolean | 'silent' | undefined> {
    try {
      return (await this.#setup.ask(processId, 'owns', claim, ALIVE_MS)) as boolean | undefined;
    } catch (error) {
      if (RelayError.from(error).code === 'ERR_RELAY_UNAVAILABLE') return 'silent';
      throw error;
    }
  }

  #replaceable(
    id: string,
    { processId, roomId }: DirectoryEntry,
    named: DirectoryEntry,
    claim: SessionClaim,
    isSilent: boolean,
  ): ReplaceableElsewhere {
    const { ask, left } = this.#setup;
    const replaceable: ReplaceableElsewhere = {
      id,
      roomId,
      heir: undefined,
      inherit: noop,
      // The seat of a dead process is taken over with the commit that gives the new session one.
      complete: async () => {
        const told = ask(processId, 'replace', { sessionId: id });
        // One that was only stopped hears of it when it goes on.
        const answer = isSilent ? void told.catch(noop) : await told;
        // Afterwards: what that process has written of it is not on its way any more.
        if (replaceable.heir !== undefined) this.directory.replaced(claim.sessionId, named, replaceable.heir);
        if (isSilent) return;
        if (isRecord(answer) && isRecord(answer.changes)) replaceable.inherit(answer.changes);
        left(roomId, id);
      },
    };
    return replaceable;
  }
}
