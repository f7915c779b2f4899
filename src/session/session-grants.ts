import { mayPublish } from '../access/grants.js';
import type { Grants, LiveGrants, Role } from '../protocol/types.js';

/**
 * The current grants of a session: those of its token, with later changes. A change lasts as long as the session, across newer
 * tokens.
 */
export class SessionGrants {
  #role: Role;
  #current: Readonly<Grants>;
  #given: Grants;
  #changes: LiveGrants = {};

  constructor(grants: Grants, role: Role) {
    this.#given = grants;
    this.#current = grants;
    this.#role = role;
  }

  get current(): Readonly<Grants> {
    return this.#current;
  }

  get role(): Role {
    return this.#role;
  }

  /** The changes so far. */
  get changes(): LiveGrants {
    return this.#changes;
  }

  /** @returns whether the grants or the role differ */
  change(changes: LiveGrants): boolean {
    this.#changes = { ...this.#changes, ...changes };
    return this.#apply(changes.canPublish === true);
  }

  /** Takes over the grants of a newer token. @returns whether the grants or the role differ */
  renew(grants: Grants): boolean {
    // A session can't become hidden or visible while it is in the room.
    const { hidden } = this.#given;
    const { hidden: _, ...rest } = grants;
    this.#given = { ...rest, ...(hidden !== undefined && { hidden }) };
    return this.#apply(false);
  }

  /** A session that joined as a viewer stays one, until an explicit `canPublish: true`. */
  #apply(isAsked: boolean): boolean {
    const before = JSON.stringify([this.#current, this.#role]);
    const grants = { ...this.#given, ...this.#changes };
    if (!mayPublish(grants)) this.#role = 'subscriber';
    else if (isAsked || !mayPublish(this.#current)) this.#role = 'publisher';
    this.#current = grants;
    return JSON.stringify([grants, this.#role]) !== before;
  }
}
