import type { Outcome, Propose, RoomEntry, RoomFields } from '../backplane.js';
import { noSeat } from '../refusals.js';
import { apply, decide, endOf, isEmpty } from '../room-change.js';
import type { Tell } from '../tell.js';

/** A process that has the room open. */
interface Reader {
  /** The number of the room's news that its snapshot contained. */
  since: number;
  tell(tell: Tell): void;
}

const NOTHING = {};

/** A room in the memory. */
export class MemoryRoom {
  readonly id: string;
  readonly state: RoomFields = { generation: 0 };
  readonly readers: Reader[] = [];
  #revision = 0;
  /** The number of news so far. */
  #newsCount = 0;
  /** While readers are told: what they are told now and next. */
  #news: { readonly number: number; readonly tell: Tell }[] | undefined;

  constructor(id: string) {
    this.id = id;
  }

  add(reader: Reader): void {
    this.readers.push(reader);
    reader.since = this.#newsCount;
    reader.tell((sink) => sink.snapshot(this.state, this.#revision));
  }

  commit(propose: Propose): Outcome {
    for (;;) {
      const seen = this.#revision;
      const change = decide(this.state, propose);
      if (seen !== this.#revision) continue;
      if ('refused' in change) return change;
      if (isEmpty(change)) return { revision: seen, change };
      apply(this.state, change);
      const revision = seen + 1;
      this.#revision = revision;
      this.#tellAll((sink) => sink.changed(change, revision));
      return { revision, change };
    }
  }

  append(sessionId: string | undefined, entry: RoomEntry): Outcome {
    const { end, seats } = this.state;
    if (end !== undefined) return { refused: endOf(end) };
    if (sessionId !== undefined && !seats?.has(sessionId)) return { refused: noSeat() };
    this.#tellAll((sink) => sink.appended(sessionId, entry));
    return { revision: this.#revision, change: NOTHING };
  }

  /** All readers are told of one thing before the next, also where a reader causes the next. */
  #tellAll(tell: Tell): void {
    this.#newsCount += 1;
    const news = { number: this.#newsCount, tell };
    if (this.#news) {
      this.#news.push(news);
      return;
    }
    this.#news = [news];
    try {
      for (const { number, tell } of this.#news)
        for (const reader of [...this.readers]) if (reader.since < number) reader.tell(tell);
    } finally {
      this.#news = undefined;
    }
  }
}
