import { attempt } from '../../backplane/attempt.js';
import type { Backplane } from '../../backplane/backplane.js';
import type { ResolvedCountLimits } from '../../limits/count-limits.js';
import { RelayError } from '../../protocol/errors.js';
import type { SessionState } from '../../protocol/session-state.js';
import { noop } from '../../util/noop.js';
import type { DuplicateUser } from '../options.js';

/** A session that joins, or that another one replaces. */
export interface AdmittedSession {
  readonly id: string;
  readonly roomId: string;
  readonly userId: string;
  readonly isNamed: boolean;
  readonly hidden: boolean;
  readonly state: SessionState;
}

interface AdmissionSetup {
  readonly backplane: Backplane;
  readonly limits: ResolvedCountLimits;
  readonly duplicateUser: DuplicateUser;
  /** Ends the user's sessions whose clients have lost their connections. Resolves with whether there were any. */
  readonly makeWay: (session: AdmittedSession) => Promise<boolean>;
  /** The user's sessions in the room, in other processes, as far as they have seats. */
  readonly countElsewhere: (session: AdmittedSession) => number;
  /** Those that have none: their processes are asked. */
  readonly countViewers: (session: AdmittedSession) => Promise<number>;
}

/** A place in one of the counts of all processes. */
interface Place {
  readonly scope: string;
  readonly max: number;
  readonly refusal: () => RelayError;
}

/** The limits that hold for all processes together. What holds for this process alone has been checked before. */
export class Admission {
  readonly #setup: AdmissionSetup;
  /** The scopes in which sessions have reserved, by session id. */
  readonly #reserved = new Map<string, string[]>();

  constructor(setup: AdmissionSetup) {
    this.#setup = setup;
  }

  /**
   * @param replaced sessions of this process that end because of this one
   * @throws RelayError `ERR_RELAY_SESSION_EXISTS`, `ERR_RELAY_TOO_MANY`, `ERR_RELAY_UNAVAILABLE`
   */
  async admit(session: AdmittedSession, replaced: readonly AdmittedSession[]): Promise<void> {
    const { backplane } = this.#setup;
    for (const { scope, max, refusal } of this.#places(session, replaced)) {
      const reserve = async (more = 0) => attempt(() => backplane.reserve(scope, session.id, max + more));
      const scopes = this.#reserved.get(session.id) ?? [];
      // Before the answer: it may be lost.
      this.#reserved.set(session.id, [...scopes, scope]);
      if (!(await reserve()) && !(await this.#reserveLate(session, reserve))) throw refusal();
      if (session.state === 'joining') continue;
      // It has ended meanwhile, and what was asked for after its end is still reserved.
      this.release(session.id);
      return;
    }
  }

  /** There is no place, unless sessions in other processes give theirs up. */
  async #reserveLate(
    session: AdmittedSession,
    reserve: (more?: number) => Promise<boolean>,
  ): Promise<boolean> {
    const { duplicateUser, makeWay, countViewers } = this.#setup;
    if ((await makeWay(session)) && (await reserve())) return true;
    const more = duplicateUser === 'replace' ? await countViewers(session) : 0;
    return more > 0 && (await reserve(more));
  }

  /** A session comes from another process, where it was admitted. */
  assume(session: AdmittedSession): void {
    const { backplane } = this.#setup;
    const scopes = [...this.#places(session, [])].map(({ scope }) => scope);
    this.#reserved.set(session.id, scopes);
    for (const scope of scopes)
      Promise.resolve(
        attempt(async () => backplane.reserve(scope, session.id, Number.MAX_SAFE_INTEGER)),
      ).catch(noop);
  }

  /** The session is leaving, or has not joined. */
  release(sessionId: string): void {
    const scopes = this.#reserved.get(sessionId);
    this.#reserved.delete(sessionId);
    for (const scope of scopes ?? []) this.#setup.backplane.release(scope, sessionId);
  }

  *#places(session: AdmittedSession, replaced: readonly AdmittedSession[]): Generator<Place> {
    const { limits, duplicateUser, countElsewhere } = this.#setup;
    const { roomId, userId, hidden } = session;
    const { maxParticipantsPerRoom, maxSessionsPerUser } = limits;
    const inRoom = replaced.filter((each) => each.roomId === roomId);
    if (duplicateUser === 'reject')
      yield {
        scope: `duplicates ${JSON.stringify([roomId, userId])}`,
        max: 1 + inRoom.length,
        refusal: () =>
          new RelayError('ERR_RELAY_SESSION_EXISTS', `The user "${userId}" is in the room already.`),
      };
    const elsewhere = duplicateUser === 'replace' ? countElsewhere(session) : 0;
    if (maxSessionsPerUser < Number.POSITIVE_INFINITY)
      yield {
        scope: `user ${userId}`,
        max: maxSessionsPerUser + replaced.length + elsewhere,
        refusal: () =>
          new RelayError(
            'ERR_RELAY_TOO_MANY',
            'Too many sessions: you have as many as you may, leave one first.',
          ),
      };
    if (maxParticipantsPerRoom < Number.POSITIVE_INFINITY && !hidden)
      yield {
        scope: `room ${roomId}`,
        max: maxParticipantsPerRoom + inRoom.filter((each) => !each.hidden).length + elsewhere,
        refusal: () => new RelayError('ERR_RELAY_TOO_MANY', 'The room is full.'),
      };
  }
}
