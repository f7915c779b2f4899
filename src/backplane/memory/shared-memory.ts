import type { ProcessCard } from '../backplane.js';
import { proposeReap } from '../room-change.js';
import { MemoryRoom } from './memory-room.js';

/** The longest delay of a timer, some 24 days: setTimeout calls at once what has to wait longer. */
const LONGEST_MS = 2 ** 31 - 1;

/** A live process. */
export interface MemoryProcess {
  card: ProcessCard;
  /** What has reserved for it. */
  readonly owner: object;
  readonly receive: (text: string) => void;
  /** Another membership of the process has begun, or the process has closed. */
  readonly end: () => void;
}

/** What backplanes in the same memory share. */
export class SharedMemory {
  readonly processes = new Map<string, MemoryProcess>();
  readonly #rooms = new Map<string, MemoryRoom>();
  /** By scope, the reserved ids with those who have reserved them. */
  readonly #scopes = new Map<string, Map<string, object>>();
  readonly #values = new Map<
    string,
    { readonly value: string; readonly timer: NodeJS.Timeout | undefined }
  >();
  #fence = 0;

  /** The number of rooms that processes have open. */
  get roomCount(): number {
    return this.#rooms.size;
  }

  nextFence(): number {
    this.#fence += 1;
    return this.#fence;
  }

  /** The process has ended, or is taken for dead: it is withdrawn with all that it has. */
  lose(processId: string): void {
    const process = this.processes.get(processId);
    if (!process) return;
    this.processes.delete(processId);
    process.end();
    this.releaseAll(process.owner);
    for (const room of [...this.#rooms.values()]) room.commit((state) => proposeReap(state, processId));
  }

  room(roomId: string): MemoryRoom {
    let room = this.#rooms.get(roomId);
    if (!room) {
      room = new MemoryRoom(roomId);
      this.#rooms.set(roomId, room);
    }
    return room;
  }

  /** A process has closed its log of the room. */
  left({ id, readers }: MemoryRoom): void {
    if (readers.length === 0) this.#rooms.delete(id);
  }

  reserve(owner: object, scope: string, id: string, max: number): boolean {
    const ids = this.#scopes.get(scope) ?? new Map<string, object>();
    if (!ids.has(id) && ids.size >= max) return false;
    this.#scopes.set(scope, ids.set(id, owner));
    return true;
  }

  release(owner: object, scope: string, id: string): void {
    const ids = this.#scopes.get(scope);
    if (!ids || ids.get(id) !== owner) return;
    ids.delete(id);
    if (ids.size === 0) this.#scopes.delete(scope);
  }

  releaseAll(owner: object): void {
    for (const [scope, ids] of this.#scopes) for (const id of ids.keys()) this.release(owner, scope, id);
  }

  put(key: string, value: string, ttlMs: number): void {
    clearTimeout(this.#values.get(key)?.timer);
    // What is to be kept for longer is kept.
    const timer = ttlMs > LONGEST_MS ? undefined : setTimeout(() => this.#values.delete(key), ttlMs);
    timer?.unref();
    this.#values.set(key, { value, timer });
  }

  get(key: string): string | undefined {
    return this.#values.get(key)?.value;
  }
}
