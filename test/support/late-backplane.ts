import type {
  Backplane,
  Outcome,
  Propose,
  RoomChange,
  RoomEntry,
  RoomFields,
  RoomLog,
  RoomSink,
} from '../../src/backplane/backplane.js';
import { memoryBackplane } from '../../src/backplane/memory/memory-backplane.js';
import type { SharedMemory } from '../../src/backplane/memory/shared-memory.js';
import { apply } from '../../src/backplane/room-change.js';

/** One in so many requests fails before it is carried out, and one in so many afterwards. */
const FAILURES = 12;
const MOST_MS = 4;

/** Carries out one thing after the other, each after a random delay. */
class Line {
  readonly #random: () => number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(random: () => number) {
    this.#random = random;
  }

  run<Result>(act: () => Result): Promise<Result> {
    const ms = Math.floor(this.#random() * MOST_MS);
    const result = this.#last.then(async () => {
      await new Promise<void>((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
      return act();
    });
    this.#last = result.catch(() => {});
    return result;
  }
}

/**
 * A process's backplane over a bad network: what it asks for happens later, what it is told comes later, and some requests fail,
 * before they are carried out or on the way back. It stands for any backplane that is not in the process.
 */
export function lateBackplane(memory: SharedMemory, seed: number): Backplane {
  const random = randomOf(seed);
  const inner = memoryBackplane({ memory });
  const there = new Line(random);
  const back = new Line(random);
  const fails = () => Math.floor(random() * FAILURES) === 0;

  async function request<Result>(act: () => Result, mayLoseReply = true): Promise<Result> {
    const answer = await there.run(() => {
      if (fails()) throw new Error('the network has lost a request');
      return { result: act() };
    });
    return back.run(() => {
      if (mayLoseReply && fails()) throw new Error('the network has lost a reply');
      return answer.result;
    });
  }

  return {
    enter: (card, receive) => request(() => inner.enter(card, (text) => void back.run(() => receive(text)))),
    processes: () => inner.processes(),
    open: (roomId, sink) =>
      request(() => {
        const late = new LateRoom(sink, request, back);
        late.log = inner.open(roomId, late);
        return late;
      }, false),
    reserve: (scope, id, max) => request(() => inner.reserve(scope, id, max)),
    release: (scope, id) => void there.run(() => inner.release(scope, id)),
    put: (key, value, ttlMs) => request(() => inner.put(key, value, ttlMs)),
    get: (key) => request(() => inner.get(key)),
    claim: (...what) => request(() => inner.claim(...what)),
    send: (processId, text) => request(() => inner.send(processId, text)),
    close: () => inner.close(),
  };
}

/** A room as the process knows it, some time after it was so. */
class LateRoom implements RoomSink, RoomLog {
  log: RoomLog | undefined;
  state: RoomFields = { generation: 0 };
  readonly #sink: RoomSink;
  readonly #request: <Result>(act: () => Result) => Promise<Result>;
  readonly #back: Line;
  #isClosed = false;

  constructor(sink: RoomSink, request: <Result>(act: () => Result) => Promise<Result>, back: Line) {
    this.#sink = sink;
    this.#request = request;
    this.#back = back;
  }

  commit(propose: Propose, operation?: number): Promise<Outcome> {
    return this.#request(() => this.log?.commit(propose, operation) as Outcome);
  }

  append(sessionId: string | undefined, entry: RoomEntry, operation?: number): Promise<Outcome> {
    return this.#request(() => this.log?.append(sessionId, entry, operation) as Outcome);
  }

  close(): void {
    this.#isClosed = true;
    this.log?.close();
  }

  snapshot(state: RoomFields, revision: number): void {
    const copy = structuredClone(state);
    this.#hear(() => {
      this.state = copy;
      this.#sink.snapshot(copy, revision);
    });
  }

  changed(change: RoomChange, revision: number): void {
    const copy = structuredClone(change);
    this.#hear(() => {
      apply(this.state, copy);
      this.#sink.changed(copy, revision);
    });
  }

  appended(sessionId: string | undefined, entry: RoomEntry): void {
    const copy = structuredClone(entry);
    this.#hear(() => this.#sink.appended(sessionId, copy));
  }

  #hear(news: () => void): void {
    void this.#back.run(() => {
      if (!this.#isClosed) news();
    });
  }
}

/** The same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
