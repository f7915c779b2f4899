import { setTimeout } from 'node:timers/promises';
import { closing } from '../protocol/errors.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
import { inSlices } from '../util/in-slices.js';
import { noop } from '../util/noop.js';

/** So often connections are sent away. */
const TICK_MS = 50;
/** The longest delay of a timer, some 24 days. */
const MAX_MS = 2 ** 31 - 1;

/**
 * How a relay closes.
 * @category Relay
 */
export interface CloseOptions {
  /**
   * ms for which the relay goes on as before, but reports that it is not ready: until load balancers have noticed. For
   * Kubernetes, somewhat more than `periodSeconds` × `failureThreshold` of the readiness probe. @default 0
   */
  readinessDelayMs?: number;
  /**
   * ms over which the clients are sent away one after the other, so that they do not come to the other processes at once. New
   * ones are refused meanwhile. @default 0: all at once
   */
  drainMs?: number;
  /**
   * ms for the clients that go on in other processes to be there; then again for what remains: what has not ended by then is
   * terminated. @default 5000
   */
  timeoutMs?: number;
}

/** A client connection that a closing relay ends. */
export interface Drainable {
  /** It serves no client: it ends when all connections have ended. */
  readonly isLast?: boolean;
  /** Notifies the client and ends; never rejects. */
  drain(): Promise<void>;
  /** Ends at once. */
  terminate(): void;
}

/** The relay that ends. */
interface ShutdownOwner {
  /** Whether clients go on in other processes. */
  readonly hasOthers?: boolean;
  /** Whether some of them are on their way, or the others are being told of what was done while the backplane was away. */
  readonly isHandingOver?: boolean;
  /** Sessions are refused from now on. */
  refusing?(): void;
  /** All sessions are about to end. */
  allLeave(): void;
  /** Called last; never rejects. */
  ended(): void | Promise<void>;
}

interface Closable {
  close(reason: SessionCloseReason): Promise<void>;
}

/** Ends the connections and sessions of a relay: gracefully first, forcibly after a timeout. */
export class Shutdown {
  readonly #connections = new Set<Drainable>();
  #closed: Promise<void> | undefined;
  #isRefusing = false;

  /** Whether the end has been asked for. */
  get hasBegun(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether new connections and sessions are refused. */
  get isRefusing(): boolean {
    return this.#isRefusing;
  }

  /** @throws RelayError `ERR_RELAY_CLOSED` */
  requireOpen(): void {
    if (this.#isRefusing) throw closing();
  }

  attach(connection: Drainable): void {
    this.#connections.add(connection);
  }

  detach(connection: Drainable): void {
    this.#connections.delete(connection);
  }

  /** Idempotent: later calls return the first promise. */
  run(sessions: Iterable<Closable>, options: Required<CloseOptions>, owner: ShutdownOwner): Promise<void> {
    this.#closed ??= this.#run(sessions, options, owner);
    return this.#closed;
  }

  async #run(
    sessions: Iterable<Closable>,
    { readinessDelayMs, drainMs, timeoutMs }: Required<CloseOptions>,
    owner: ShutdownOwner,
  ): Promise<void> {
    if (readinessDelayMs > 0) await setTimeout(readinessDelayMs);
    this.#isRefusing = true;
    owner.refusing?.();
    if (drainMs > 0 || owner.hasOthers) await this.#sendAway(drainMs);
    const deadline = performance.now() + timeoutMs;
    while (owner.isHandingOver && performance.now() < deadline) await setTimeout(TICK_MS);
    owner.allLeave();
    await this.#endAll(sessions, timeoutMs);
    await owner.ended();
  }

  /** Ends the connections evenly over this time. */
  async #sendAway(durationMs: number): Promise<void> {
    const connections = [...this.#connections].filter(({ isLast }) => !isLast);
    const count = connections.length;
    const start = performance.now();
    for (let sent = 0; sent < count; await setTimeout(TICK_MS)) {
      const due = Math.ceil((count * (performance.now() - start + TICK_MS)) / durationMs);
      const batch = connections
        .slice(sent, Math.min(due, count))
        .filter((each) => this.#connections.has(each));
      await inSlices(batch, (connection) => void connection.drain());
      sent = Math.min(due, count);
    }
  }

  /** In slices: the deadline could not pass, nor any socket be written to, while thousands end in one turn. */
  async #end(connections: Iterable<Drainable>, sessions: Iterable<Closable>): Promise<void> {
    const ends: Promise<unknown>[] = [];
    await inSlices(connections, (connection) => ends.push(connection.drain()));
    await inSlices(sessions, (session) => ends.push(session.close({ by: 'relay', error: closing() })));
    await Promise.allSettled(ends);
  }

  async #endAll(sessions: Iterable<Closable>, timeoutMs: number): Promise<void> {
    const inTime = new AbortController();
    const late = setTimeout(timeoutMs, undefined, { signal: inTime.signal }).catch(noop);
    const connections = [...this.#connections];
    const others = [...sessions];
    await Promise.race([this.#end(taken(connections), taken(others)), late]);
    inTime.abort();
    // What the deadline has left out ends for the same reason, before the SFU's connections do.
    await inSlices(connections.splice(0), (connection) => void connection.drain());
    await inSlices(others.splice(0), (session) => void session.close({ by: 'relay', error: closing() }));
    await inSlices([...this.#connections], (connection) => connection.terminate());
  }
}

/** Takes the items out of their list one by one. */
function* taken<Item>(items: Item[]): Generator<Item> {
  for (let item = items.pop(); item !== undefined; item = items.pop()) yield item;
}

const CLOSE_KEYS: Keys<CloseOptions> = { readinessDelayMs: true, drainMs: true, timeoutMs: true };

/** Reads the options of `relay.close()`. @throws RelayError `ERR_RELAY_CONFIG` */
export function readCloseOptions(options: CloseOptions): Required<CloseOptions> {
  const example = 'relay.close({ readinessDelayMs: 10_000, drainMs: 20_000 })';
  checkOptions({ name: 'close()', example }, options, CLOSE_KEYS);
  return {
    readinessDelayMs: integer(options, 'readinessDelayMs', 0, 0, MAX_MS),
    drainMs: integer(options, 'drainMs', 0, 0, MAX_MS),
    timeoutMs: integer(options, 'timeoutMs', 5_000, 0, MAX_MS),
  };
}
