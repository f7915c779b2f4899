import { attempt } from '../../../backplane/attempt.js';
import type { Backplane } from '../../../backplane/backplane.js';
import { inSlices } from '../../../util/in-slices.js';
import { isRecord } from '../../../util/is-record.js';
import type { Logger } from '../../../util/logger.js';
import { noop } from '../../../util/noop.js';
import type { OwnershipProof } from './claim.js';

/** ms for which a process that has died, or cannot write, is known to have had a session. */
const KEPT_MS = 30 * 60_000;
/** ms after which all sessions are written again. */
const REFRESH_MS = 10 * 60_000;
/** ms for which more is known of a session that is gone: a client that has lost the reply to its join asks again soon. */
const GONE_MS = 30_000;
const FORMAT = 1;

/** Where a session is, and whose. */
export interface DirectoryEntry extends OwnershipProof {
  readonly processId: string;
  readonly roomId: string;
  /** The session that has replaced this one. */
  readonly heir?: string;
}

/** Tells all processes which of them has a session, and what proves to be its owner. */
export class SessionDirectory {
  readonly #backplane: Backplane;
  readonly #processId: string;
  readonly #logger: Logger;
  /** The sessions of this process. */
  readonly #own = new Map<string, DirectoryEntry>();
  /** Those whose entries are being written. */
  readonly #writing = new Map<string, Promise<void>>();
  /** Sessions of others that have left their rooms, the oldest first: a dead process does not remove their entries. */
  readonly #left = new Map<string, { readonly processId: string; readonly at: number }>();
  #refreshedAt = performance.now();

  constructor(backplane: Backplane, processId: string, logger: Logger) {
    this.#backplane = backplane;
    this.#processId = processId;
    this.#logger = logger;
  }

  /** This process has the session, which belongs to this owner from now on. */
  tell(sessionId: string, roomId: string, { userId, hashes }: OwnershipProof): void {
    this.#own.set(sessionId, { processId: this.#processId, roomId, userId, hashes });
    this.#write(sessionId);
  }

  /** Resolves when the others can find a session of this process; never rejects. */
  async told(sessionId: string): Promise<void> {
    await this.#writing.get(sessionId);
  }

  /** The session has ended, or another process has it. Resolves when nothing more of it is on the way. */
  async forget(sessionId: string, isElsewhere = false): Promise<void> {
    const isKnown = this.#own.delete(sessionId);
    await this.#writing.get(sessionId);
    if (isKnown && !isElsewhere) await this.#put(sessionId, undefined);
  }

  /** `heir` has replaced a session of another process. */
  replaced(sessionId: string, entry: DirectoryEntry, heir: string): void {
    void this.#put(sessionId, { ...entry, heir }, GONE_MS);
  }

  /** A session of another process has left its room. */
  left(sessionId: string, processId: string): void {
    this.#left.set(sessionId, { processId, at: performance.now() });
  }

  /** What proves to be the owner of a session of this process. */
  proofOf(sessionId: string): OwnershipProof | undefined {
    return this.#own.get(sessionId);
  }

  /** @throws RelayError `ERR_RELAY_UNAVAILABLE` */
  async find(sessionId: string): Promise<DirectoryEntry | undefined> {
    const text = await attempt(() => this.#backplane.get(keyOf(sessionId)));
    const entry: unknown = text ? JSON.parse(text) : undefined;
    return isRecord(entry) && entry.format === FORMAT ? (entry as unknown as DirectoryEntry) : undefined;
  }

  /** Once a second. */
  beat(isAlive: (processId: string) => boolean): void {
    this.#removeLeft(isAlive);
    if (performance.now() - this.#refreshedAt > REFRESH_MS) this.refresh();
  }

  /** What was shared may be lost. */
  refresh(): void {
    this.#refreshedAt = performance.now();
    void inSlices([...this.#own.keys()], (sessionId) => this.#write(sessionId));
  }

  #removeLeft(isAlive: (processId: string) => boolean): void {
    for (const [sessionId, { processId, at }] of this.#left) {
      if (performance.now() - at < GONE_MS) break;
      this.#left.delete(sessionId);
      if (!isAlive(processId)) void this.#remove(sessionId, processId);
    }
  }

  /** Removes what a dead process has said. Never rejects: it expires by itself, too. */
  async #remove(sessionId: string, processId: string): Promise<void> {
    const entry = await this.find(sessionId).catch(noop);
    if (entry?.processId === processId) await this.#put(sessionId, undefined);
  }

  #write(sessionId: string): void {
    if (this.#own.has(sessionId) && !this.#writing.has(sessionId))
      this.#writing.set(sessionId, this.#writeNewest(sessionId));
  }

  /** One after the other: the newest entry is the last one. Never rejects. */
  async #writeNewest(sessionId: string): Promise<void> {
    for (let told: DirectoryEntry | undefined; ; ) {
      const entry = this.#own.get(sessionId);
      if (entry === told || !entry) break;
      told = entry;
      await this.#put(sessionId, entry);
    }
    this.#writing.delete(sessionId);
  }

  /** Where it fails, the client of a dead process joins beside its old session. Never rejects. */
  async #put(sessionId: string, entry: DirectoryEntry | undefined, ttlMs = KEPT_MS): Promise<void> {
    const text = entry ? JSON.stringify({ format: FORMAT, ...entry }) : '';
    try {
      await attempt(() => this.#backplane.put(keyOf(sessionId), text, entry ? ttlMs : 1));
    } catch (error) {
      this.#logger.debug({ err: error, sessionId }, 'The other processes could not be told of a session');
    }
  }
}

function keyOf(sessionId: string): string {
  return `session ${sessionId}`;
}
