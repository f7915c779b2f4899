import type {
  Backplane,
  MaybePromise,
  RoomChange,
  RoomFields,
  RoomSink,
} from '../../../src/backplane/backplane.js';

/** Processes that share one state, which is empty at first. */
export interface SharedState {
  /** The backplane of one more process. */
  process(): MaybePromise<Backplane>;
  /** Lets time go by. */
  later(ms: number): MaybePromise<void>;
}

/** One test: its processes end with it. */
export class BackplaneStage {
  readonly #begin: () => MaybePromise<SharedState>;
  readonly #processes: Backplane[] = [];
  #state: SharedState | undefined;

  constructor(begin: () => MaybePromise<SharedState>) {
    this.#begin = begin;
  }

  async setUp(): Promise<void> {
    this.#state = await this.#begin();
  }

  async tearDown(): Promise<void> {
    await Promise.all(this.#processes.splice(0).map((each) => each.close()));
  }

  async process(): Promise<Backplane> {
    const backplane = await this.#shared.process();
    this.#processes.push(backplane);
    return backplane;
  }

  async two(): Promise<[Backplane, Backplane]> {
    return [await this.process(), await this.process()];
  }

  async later(ms: number): Promise<void> {
    await this.#shared.later(ms);
  }

  get #shared(): SharedState {
    if (!this.#state) throw new Error('setUp() comes first');
    return this.#state;
  }
}

/** Records what a process is told of a room. */
export function recorder() {
  const news: unknown[] = [];
  const sink: RoomSink = {
    snapshot: (state, revision) => news.push({ snapshot: { ...state }, revision }),
    changed: (change, revision) => news.push({ change, revision }),
    appended: (sessionId, entry) => news.push({ sessionId, entry }),
  };
  return { sink, news };
}

export const silent: RoomSink = { snapshot: () => {}, changed: () => {}, appended: () => {} };

/** Places the room on a node, whatever was before. */
export const place =
  (node: string) =>
  ({ generation }: RoomFields): RoomChange => ({ node, generation: generation + 1 });

export const note = (text: string) => ({
  message: { id: text, kind: 'note', data: { text }, at: 0 },
});
