import type { RoomChange, RoomFields, RoomLog, Seat } from '../../../backplane/backplane.js';
import { type ClaimsElsewhere, namesOf } from '../../../room/participants/publishers.js';
import type { Room } from '../../../room/room.js';
import { withDeadline } from '../../../util/deadline.js';
import { disregard, isPromise } from '../../../util/is-promise.js';
import { noop } from '../../../util/noop.js';

/** ms that an offer waits for the others. Negotiation goes on without Redis. */
const MAX_CLAIM_MS = 500;

/** A UUID, which browsers make of 122 random bits; Firefox puts it in braces. */
const UUID = /^\{?[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\}?$/i;

/**
 * The ids of the tracks that are about to be published, in the log of a room: the first claim wins. Ids of browsers are never equal by
 * chance, so that their offers wait for no other process; only ids that an application has chosen are claimed.
 */
export class TrackClaims implements ClaimsElsewhere {
  readonly #room: Room;
  readonly #processId: string;

  constructor(room: Room, processId: string) {
    this.#room = room;
    this.#processId = processId;
  }

  async claim(sessionId: string, wanted: readonly string[]): Promise<readonly string[]> {
    const { members, publishers } = this.#room;
    const own = new Set(namesOf(members.member(sessionId)?.tracks ?? []));
    const names = wanted.filter(isChosen);
    if (names.every((name) => own.has(name))) {
      this.withdraw(sessionId);
      return [];
    }
    // Nobody can be asked, however long the outage: offers would pile up before what waits for its end.
    if (this.#room.journal.isAway) return [];
    let taken: readonly string[] = [];
    const propose = (fields: RoomFields): RoomChange => {
      const others = namesOfOthers(fields, sessionId);
      taken = names.filter((name) => others.has(name));
      return taken.length > 0 ? {} : { claims: new Map([[claimOf(this.#processId, sessionId), names]]) };
    };
    const outcome = this.#log.commit(propose);
    if (isPromise(outcome)) {
      // The session may have ended meanwhile.
      const claimed = Promise.resolve(outcome).then(() => {
        if (!publishers.hasClaim(sessionId)) this.withdraw(sessionId);
      });
      await withDeadline(claimed, MAX_CLAIM_MS, () => new Error('late')).catch(noop);
    }
    return taken;
  }

  withdraw(sessionId: string): void {
    const key = claimOf(this.#processId, sessionId);
    if (!this.#log.state.claims?.has(key)) return;
    disregard(
      this.#log.commit(({ claims }) => (claims?.has(key) ? { claims: new Map([[key, undefined]]) } : {})),
    );
  }

  get #log(): RoomLog {
    return this.#room.log;
  }
}

function isChosen(name: string): boolean {
  return !UUID.test(name.slice(name.indexOf(' ') + 1));
}

export function claimOf(processId: string, sessionId: string): string {
  return `${processId} ${sessionId}`;
}

/** Whether nothing of a claim is left to wait for. */
export function isShown(names: readonly string[] | undefined, seat: Seat | undefined): boolean {
  if (!names) return false;
  const shown = new Set(namesOf(seat?.participant?.tracks ?? []));
  return !seat || names.every((name) => shown.has(name));
}

function namesOfOthers({ seats, claims }: RoomFields, sessionId: string): Set<string> {
  const names = new Set<string>();
  for (const [id, { participant }] of seats ?? [])
    if (id !== sessionId) for (const name of namesOf(participant?.tracks ?? [])) names.add(name);
  for (const [key, claimed] of claims ?? [])
    if (key.slice(key.indexOf(' ') + 1) !== sessionId) for (const name of claimed) names.add(name);
  return names;
}
