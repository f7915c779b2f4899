import type { ProcessCard } from '../../backplane/backplane.js';
import { randomToken } from './connection/ids.js';
import { PROCESS_TTL_MS } from './directory.js';
import { LEASE_MS, RedisMembership } from './membership.js';
import type { OpenRooms, Parts } from './open-rooms.js';
import { ADD, ENTER, LEAVE, MEMBERS, REMOVE, RENEW } from './process-scripts.js';

const ignore = () => {};

/** The memberships of this process, one after the other. */
export class Members {
  readonly #parts: Parts;
  readonly #rooms: OpenRooms;
  #newest: RedisMembership | undefined;
  #entering: Promise<RedisMembership> | undefined;
  /** Whether the others have to be told of the newest card. */
  #isCardNew = false;
  #renewing: Promise<void> | undefined;

  constructor(parts: Parts, rooms: OpenRooms) {
    this.#parts = parts;
    this.#rooms = rooms;
  }

  get newest(): RedisMembership | undefined {
    return this.#newest;
  }

  /** The current membership; one without a card, where the process has not announced itself. */
  async entered(): Promise<RedisMembership> {
    if (this.#newest && !(this.#newest.card === undefined && this.#newest.isLost)) return this.#newest;
    return this.#entering ?? this.enter(this.#newest?.processId ?? `~${randomToken()}`, undefined, ignore);
  }

  /** One after the other: of two at the same time, the earlier one would never be ended. */
  enter(
    processId: string,
    card: ProcessCard | undefined,
    receive: (text: string) => void,
  ): Promise<RedisMembership> {
    const before: Promise<unknown> = this.#entering ?? Promise.resolve();
    const entering = before
      .catch(ignore)
      .then(() => this.#enterNow(processId, card, receive))
      .finally(() => {
        if (this.#entering === entering) this.#entering = undefined;
      });
    this.#entering = entering;
    return entering;
  }

  async #enterNow(
    processId: string,
    card: ProcessCard | undefined,
    receive: (text: string) => void,
  ): Promise<RedisMembership> {
    const { commands, keys, subscription, directory, reservations } = this.#parts;
    const own = keys.process(processId);
    let membership: RedisMembership | undefined;
    await subscription.subscribe(own.channel, (text) => {
      if (text.startsWith('t')) receive(text.slice(1));
      else if (membership && Number(text.slice(1)) > membership.fence) membership.end();
    });
    const before = this.#newest;
    const startedAt = performance.now();
    const args = [
      ...[processId, card ? JSON.stringify(card) : '', String(LEASE_MS), String(PROCESS_TTL_MS)],
      ...[String((before?.fence ?? 0) + 1), own.channel, keys.cards],
    ];
    const fence = Number(await commands.run(ENTER, [own.lease, own.fence], args));
    membership = new RedisMembership(processId, own, fence, startedAt, card, () => this.#updated());
    await subscription.subscribe(keys.cards, (text) => directory.heard(text));
    before?.end();
    this.#newest = membership;
    await commands.run(ADD, [keys.directory], [String(PROCESS_TTL_MS), processId]);
    await reservations.restore(membership);
    await this.#takeOver(membership);
    await this.#rooms.reopenAll();
    if (before && before.processId !== processId) await this.#leave(before);
    this.#isBack(membership);
    await directory.look(membership);
    return membership;
  }

  /** Once a second. */
  async beat(): Promise<void> {
    const membership = this.#newest;
    if (!membership) return;
    if (membership.isLost) {
      if (membership.card === undefined) await this.entered();
      return;
    }
    await this.#renew(membership);
    if (membership.isLost) return;
    this.#rooms.beat();
    await this.#parts.directory.look(membership);
    await this.#parts.reservations.beat(membership);
  }

  async leave(): Promise<void> {
    const membership = this.#newest;
    if (!membership) return;
    membership.end();
    // Whatever fails, the survivors free after the lease.
    await this.#renewing;
    await this.#leave(membership).catch(() => {});
  }

  /** Frees what an older membership of the same process id has left. */
  async #takeOver({ processId, keys, fence }: RedisMembership): Promise<void> {
    const { commands, directory, reservations } = this.#parts;
    const [rooms, scopes] = (await Promise.all([
      commands.run(MEMBERS, [keys.rooms], []),
      commands.run(MEMBERS, [keys.scopes], []),
    ])) as [string[], string[]];
    // The own rooms are opened anew, with the seats that they have here.
    const own = new Set(this.#rooms.ids);
    const left = rooms.filter((id) => !own.has(id));
    await directory.free(processId, String(fence - 1), left, scopes);
    const held = new Set(reservations.scopes);
    await directory.forget(
      processId,
      left,
      scopes.filter((scope) => !held.has(scope)),
    );
  }

  async #leave({ processId, fenceText, keys }: RedisMembership): Promise<void> {
    const { commands, directory, reservations, subscription } = this.#parts;
    subscription.unsubscribe(keys.channel);
    await directory.free(processId, fenceText, [], reservations.scopes);
    const own = [keys.lease, keys.fence, keys.rooms, keys.scopes];
    const args = [JSON.stringify(processId), fenceText, this.#parts.keys.cards];
    const reply = await commands.run(LEAVE, own, args);
    if (reply === 1) await commands.run(REMOVE, [this.#parts.keys.directory], [processId]);
  }

  #updated(): void {
    this.#isCardNew = true;
    const membership = this.#newest;
    // Of a process that has left, a renewal would be all that is left of it.
    if (!membership || membership.isLost || this.#renewing) return;
    this.#renew(membership).catch(ignore);
  }

  /** One after the other, so that an older card does not replace a newer one. */
  async #renew(membership: RedisMembership): Promise<void> {
    await this.#renewing;
    const renewing = this.#sendRenewal(membership);
    this.#renewing = renewing.catch(ignore).finally(() => {
      this.#renewing = undefined;
    });
    await renewing;
    if (this.#isCardNew && !membership.isLost) await this.#renew(membership);
  }

  async #sendRenewal(membership: RedisMembership): Promise<void> {
    const { commands, keys, reservations } = this.#parts;
    const { lease, fence, rooms, scopes } = membership.keys;
    const startedAt = performance.now();
    const isCardNew = this.#isCardNew;
    const args = [
      ...[membership.fenceText, membership.card ? JSON.stringify(membership.card) : '', String(LEASE_MS)],
      ...[String(PROCESS_TTL_MS), keys.cards, isCardNew ? '1' : '0'],
    ];
    this.#isCardNew = false;
    try {
      const reply = await commands.run(RENEW, [lease, fence, rooms, scopes], args);
      if (reply === 'lost') return membership.end();
      membership.renewed(startedAt);
      if (reply !== 'restored') return this.#isBack(membership);
    } catch (error) {
      this.#isCardNew ||= isCardNew;
      throw error;
    }
    // Redis has lost its data.
    await this.#rooms.index(this.#rooms.ids);
    this.#rooms.checkAll();
    this.#isBack(membership);
    await reservations.restore(membership);
  }

  #isBack(membership: RedisMembership): void {
    if (!membership.isLost) this.#parts.outage.end();
  }
}
