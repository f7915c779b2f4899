import type { Commands } from './connection/commands.js';
import type { RedisKeys } from './connection/keys.js';
import { inBatches, PROCESS_TTL_MS } from './directory.js';
import type { RedisMembership } from './membership.js';
import { ADD, RELEASE, REMOVE, RESERVE, RESTORE } from './process-scripts.js';

/** Beats in which every scope was looked at once. */
const AUDIT_BEATS = 300;

/** What this process has reserved. It is the truth: Redis is told again what it has missed or lost. */
export class Reservations {
  readonly #commands: Commands;
  readonly #keys: RedisKeys;
  readonly #held = new Map<string, Set<string>>();
  /** By scope, ids that Redis may still count for this process. */
  readonly #releasing = new Map<string, Set<string>>();
  #audit: string[] = [];

  constructor(commands: Commands, keys: RedisKeys) {
    this.#commands = commands;
    this.#keys = keys;
  }

  async reserve(membership: RedisMembership, scope: string, id: string, max: number): Promise<boolean> {
    const args = [id, ownerOf(membership), String(max), String(PROCESS_TTL_MS)];
    remove(this.#releasing, scope, id);
    try {
      const [reply] = await Promise.all([
        this.#commands.run(RESERVE, [this.#keys.scope(scope)], args),
        this.#held.has(scope) ? undefined : this.#index(membership, [scope]),
      ]);
      if (reply === 1) add(this.#held, scope, id);
      return reply === 1;
    } catch (error) {
      // It may be counted, and nobody knows of it.
      if (!this.#held.get(scope)?.has(id)) add(this.#releasing, scope, id);
      throw error;
    }
  }

  release(membership: RedisMembership, scope: string, id: string): void {
    if (!remove(this.#held, scope, id)) return;
    add(this.#releasing, scope, id);
    this.#release(membership, scope).catch(() => {});
  }

  /** Once a second: releases again what has failed, and looks at some scopes. */
  async beat(membership: RedisMembership): Promise<void> {
    for (const scope of [...this.#releasing.keys()]) await this.#release(membership, scope);
    if (this.#audit.length === 0) this.#audit = [...this.#held.keys()];
    const due = this.#audit.splice(0, Math.ceil(this.#held.size / AUDIT_BEATS));
    await this.restore(membership, due);
  }

  /** Tells Redis what is reserved. An id that another process has reserved meanwhile is that process's. */
  async restore(
    membership: RedisMembership,
    scopes: readonly string[] = [...this.#held.keys()],
  ): Promise<void> {
    const held = scopes.filter((scope) => this.#held.has(scope));
    if (held.length === 0) return;
    await this.#index(membership, held);
    await inBatches(held, async (scope) => {
      const ids = [...(this.#held.get(scope) ?? [])];
      const args = [membership.process, membership.fenceText, String(PROCESS_TTL_MS), ...ids];
      const others = (await this.#commands.run(RESTORE, [this.#keys.scope(scope)], args)) as string[];
      for (const id of others) remove(this.#held, scope, id);
      // Released while it was restored.
      for (const id of ids) if (!this.#held.get(scope)?.has(id)) add(this.#releasing, scope, id);
    });
  }

  /** Scopes of which Redis may count something for this process. */
  get scopes(): string[] {
    return [...new Set([...this.#held.keys(), ...this.#releasing.keys()])];
  }

  async #release(membership: RedisMembership, scope: string): Promise<void> {
    const ids = [...(this.#releasing.get(scope) ?? [])];
    if (ids.length === 0) return;
    await this.#commands.run(RELEASE, [this.#keys.scope(scope)], [ownerOf(membership), ...ids]);
    for (const id of ids) remove(this.#releasing, scope, id);
    if (!this.#held.has(scope) && !this.#releasing.has(scope))
      await this.#commands.run(REMOVE, [membership.keys.scopes], [scope]);
  }

  #index(membership: RedisMembership, scopes: readonly string[]): Promise<unknown> {
    return this.#commands.run(ADD, [membership.keys.scopes], [String(PROCESS_TTL_MS), ...scopes]);
  }
}

function ownerOf({ process, fenceText }: RedisMembership): string {
  return `${process} ${fenceText}`;
}

function add(sets: Map<string, Set<string>>, scope: string, id: string): void {
  sets.set(scope, (sets.get(scope) ?? new Set()).add(id));
}

/** @returns whether it was there */
function remove(sets: Map<string, Set<string>>, scope: string, id: string): boolean {
  const ids = sets.get(scope);
  if (!ids?.delete(id)) return false;
  if (ids.size === 0) sets.delete(scope);
  return true;
}
