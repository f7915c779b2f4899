import { RelayError } from '../../protocol/errors.js';
import { Cancellation } from '../../util/cancellation.js';
import { type Logger, silentLogger } from '../../util/logger.js';
import type { Backplane, Membership, ProcessCard, RoomSink } from '../backplane.js';
import { MemoryLog } from './memory-log.js';
import { SharedMemory } from './shared-memory.js';

interface MemoryBackplaneOptions {
  /** @default nothing is logged */
  logger?: Logger;
  /** The memory that several backplanes share. @default a memory of its own */
  memory?: SharedMemory;
}

/** A backplane for a single process: it answers at once. */
export function memoryBackplane(options: MemoryBackplaneOptions = {}): MemoryBackplane {
  return new MemoryBackplane(options);
}

export class MemoryBackplane implements Backplane {
  readonly logger: Logger;
  readonly #memory: SharedMemory;
  readonly #logs = new Set<MemoryLog>();
  #membership: Membership | undefined;
  #isClosed = false;

  constructor({ logger = silentLogger, memory = new SharedMemory() }: MemoryBackplaneOptions) {
    this.logger = logger;
    this.#memory = memory;
  }

  enter(card: ProcessCard, receive: (text: string) => void): Membership {
    this.#requireOpen();
    const { processes } = this.#memory;
    const { processId } = card;
    processes.get(processId)?.end();
    const lost = new Cancellation();
    const process = { card, owner: this, receive, end: () => lost.abort(membershipLost) };
    processes.set(processId, process);
    const update = (next: ProcessCard) => {
      process.card = next;
    };
    this.#membership = { processId, fence: this.#memory.nextFence(), lost, update };
    return this.#membership;
  }

  processes(): readonly ProcessCard[] {
    return [...this.#memory.processes.values()].map(({ card }) => card);
  }

  open(roomId: string, sink: RoomSink): MemoryLog {
    this.#requireOpen();
    const log = new MemoryLog(this.#memory.room(roomId), sink, this);
    this.#logs.add(log);
    return log;
  }

  closed(log: MemoryLog): void {
    this.#logs.delete(log);
    this.#memory.left(log.room);
  }

  get isFenced(): boolean {
    return this.#membership?.lost.aborted === true;
  }

  reserve(scope: string, id: string, max: number): boolean {
    this.#requireOpen();
    return this.#memory.reserve(this, scope, id, max);
  }

  release(scope: string, id: string): void {
    this.#memory.release(this, scope, id);
  }

  put(key: string, value: string, ttlMs: number): void {
    this.#memory.put(key, value, ttlMs);
  }

  get(key: string): string | undefined {
    return this.#memory.get(key);
  }

  claim(key: string, value: string, ttlMs: number, last?: string): string {
    const known = this.#memory.get(key);
    if (known !== undefined && known !== last) return known;
    this.#memory.put(key, value, ttlMs);
    return value;
  }

  send(processId: string, text: string): boolean {
    const process = this.#memory.processes.get(processId);
    if (!process) return false;
    try {
      process.receive(text);
    } catch (error) {
      this.logger.error({ err: error }, 'A text of another process could not be handled');
    }
    return true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const log of this.#logs) log.close();
    this.#memory.releaseAll(this);
    const { processId, lost } = this.#membership ?? {};
    if (processId === undefined || lost?.aborted) return;
    this.#memory.lose(processId);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new RelayError('ERR_RELAY_CLOSED', 'The backplane is closed.');
  }
}

function membershipLost(): RelayError {
  return new RelayError('ERR_RELAY_CLOSED', 'The process is no longer one of those that share the rooms.');
}
