import type { ProcessCard } from '../../backplane/backplane.js';
import { redisKey } from '../../util/redis-key.js';
import type { Commands } from './connection/commands.js';
import { randomToken } from './connection/ids.js';
import type { RedisKeys } from './connection/keys.js';
import type { RedisMembership } from './membership.js';
import { ADD, BURY, GET, MEMBERS, RELEASE_ALL, REMOVE } from './process-scripts.js';
import { PART } from './room/room-scripts.js';
import { ROOM_TTL_MS } from './room/shared-room.js';

/** ms that indices and fences are kept of processes that nobody survives. */
export const PROCESS_TTL_MS = 3_600_000;
/** ms that a buried process is refused by its fence; in a room it is refused as long as there is the room. */
const BURIED_TTL_MS = 30_000;
/** Scripts that are sent at once. */
const SLICE = 50;

interface Known {
  readonly fence: number;
  /** None of a process that has not announced itself. */
  readonly card: ProcessCard | undefined;
}

/** The processes that this one knows: by what they publish, and by a look at their leases with every beat. */
export class Directory {
  readonly #commands: Commands;
  readonly #keys: RedisKeys;
  readonly #known = new Map<string, Known>();
  /** Those of whom something was heard during the current look, which is newer. */
  readonly #news = new Set<string>();
  /** By process, for how many beats it had no lease. */
  readonly #missing = new Map<string, number>();

  constructor(commands: Commands, keys: RedisKeys) {
    this.#commands = commands;
    this.#keys = keys;
  }

  get cards(): ProcessCard[] {
    return [...this.#known.values()].flatMap(({ card }) => card ?? []);
  }

  heard(text: string): void {
    const { fence, card, left } = readCard(text);
    const processId = left ?? card?.processId;
    if (processId === undefined) return;
    this.#news.add(processId);
    if (fence < (this.#known.get(processId)?.fence ?? 0)) return;
    if (card) this.#known.set(processId, { fence, card });
    else this.#known.delete(processId);
  }

  /** Looks at the leases, and frees what dead processes have held. */
  async look(own: RedisMembership): Promise<void> {
    this.#news.clear();
    const { directory } = this.#keys;
    await this.#commands.run(ADD, [directory], [String(PROCESS_TTL_MS), own.processId]);
    const members = (await this.#commands.run(MEMBERS, [directory], [])) as string[];
    await inBatches(members, async (processId) => {
      const lease = await this.#commands.run(GET, [this.#keys.process(processId).lease], []);
      this.#saw(processId, lease as string | null);
    });
    for (const processId of this.#known.keys())
      if (!members.includes(processId) && !this.#news.has(processId)) this.#known.delete(processId);
    await this.#buryDead(own);
  }

  #saw(processId: string, lease: string | null): void {
    if (lease === null) {
      this.#missing.set(processId, (this.#missing.get(processId) ?? 0) + 1);
      if (!this.#news.has(processId)) this.#known.delete(processId);
      return;
    }
    this.#missing.delete(processId);
    if (this.#news.has(processId)) return;
    const { fence, card } = readCard(lease);
    this.#known.set(processId, { fence, card });
  }

  /** One survivor begins; the next ones follow beat by beat, if it does not. */
  async #buryDead(own: RedisMembership): Promise<void> {
    const living = [...this.#known.keys(), own.processId].sort();
    const turn = Math.min(living.indexOf(own.processId), 5);
    const due = [...this.#missing].filter(([, beats]) => beats > turn).map(([processId]) => processId);
    for (const processId of due) if (!own.isLost) await this.bury(processId);
  }

  /** Frees the seats and reservations of a process whose lease is over. */
  async bury(processId: string): Promise<void> {
    const { lease, fence, rooms, scopes } = this.#keys.process(processId);
    const keys = [lease, fence, rooms, scopes];
    const reply = await this.#commands.run(BURY, keys, [String(BURIED_TTL_MS)]);
    const [buried, roomIds = [], scopeIds = []] = reply as [string?, string[]?, string[]?];
    this.#missing.delete(processId);
    if (buried === undefined) return;
    await this.free(processId, buried, roomIds, scopeIds);
    await this.forget(processId, roomIds, scopeIds);
    await this.#commands.run(REMOVE, [this.#keys.directory], [processId]);
  }

  /** Frees what a process has held up to a fence, so that it is refused there from now on. */
  async free(
    processId: string,
    fence: string,
    roomIds: readonly string[],
    scopes: readonly string[],
  ): Promise<void> {
    await inBatches(roomIds, (roomId) => this.part(processId, fence, roomId, true));
    await inBatches(scopes, (scope) =>
      this.#commands.run(RELEASE_ALL, [this.#keys.scope(scope)], [redisKey(processId), fence]),
    );
  }

  /** Takes rooms and scopes from the indices of a process. */
  async forget(processId: string, roomIds: readonly string[], scopes: readonly string[]): Promise<void> {
    const keys = this.#keys.process(processId);
    if (roomIds.length > 0) await this.#commands.run(REMOVE, [keys.rooms], roomIds);
    if (scopes.length > 0) await this.#commands.run(REMOVE, [keys.scopes], scopes);
  }

  /** A process no longer has a room open. */
  async part(processId: string, fence: string, roomId: string, isDead: boolean): Promise<void> {
    const { state, log, messages, ends, channel } = this.#keys.room(roomId);
    const args = [
      redisKey(processId),
      fence,
      isDead ? '1' : '0',
      channel,
      randomToken(),
      String(ROOM_TTL_MS),
      processId,
    ];
    await this.#commands.run(PART, [state, log, messages, ends], args);
  }
}

export async function inBatches<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < items.length; at += SLICE)
    await Promise.all(items.slice(at, at + SLICE).map((item) => act(item)));
}

/** A lease, or what a process has published: its fence, then its card as JSON, or none. */
function readCard(text: string): { fence: number; card?: ProcessCard; left?: string } {
  const space = text.indexOf(' ');
  const fence = Number(text.slice(0, space));
  const json = text.slice(space + 1);
  if (json === '') return { fence };
  const card = JSON.parse(json) as ProcessCard & { left?: string };
  return card.left === undefined ? { fence, card } : { fence, left: card.left };
}
