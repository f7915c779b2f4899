import { mayPublish } from '../access/grants.js';
import type { Grants, LiveGrants, Role } from '../protocol/types.js';

/**
 * What a session may do by now: what authentication said, with what was changed since. A change lasts as long as the
 * session, and so outlives a newer token.
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

  /** What was changed. */
  get changes(): LiveGrants {
    return this.#changes;
  }

  /** @returns whether that makes a difference. */
  change(changes: LiveGrants): boolean {
    this.#changes = { ...this.#changes, ...changes };
    return this.#apply(changes.canPublish === true);
  }

  /** Another token says something else. @returns whether that makes a difference. */
  renew(grants: Grants): boolean {
    // Who is seen and who is not does not change while somebody is in the room.
    const { hidden } = this.#given;
    const { hidden: _, ...rest } = grants;
    this.#given = { ...rest, ...(hidden !== undefined && { hidden }) };
    return this.#apply(false);
  }

  /** Who may publish and joined as a viewer stays one, until it is asked to. */
  #apply(isAsked: boolean): boolean {
    const before = JSON.stringify([this.#current, this.#role]);
    const grants = { ...this.#given, ...this.#changes };
    if (!mayPublish(grants)) this.#role = 'subscriber';
    else if (isAsked || !mayPublish(this.#current)) this.#role = 'publisher';
    this.#current = grants;
    return JSON.stringify([grants, this.#role]) !== before;
  }
}
