/** Sends the texts that it has added in this tick of the event loop. */
interface Flushable {
  flush(): void;
}

/** The texts of one connection in one tick: several messages leave by a single write to the socket. */
class TickBatch {
  readonly owner: Flushable;
  /** Undefined once it is sent. */
  first: string | undefined;
  /** Most batches have a single text. */
  more: string[] | undefined;

  constructor(owner: Flushable, text: string) {
    this.owner = owner;
    this.first = text;
  }
}

/** The number of no batch. */
export const NO_BATCH = -1;

const NOTHING: readonly string[] = [];

/**
 * The batches of this tick. They are not members of their owners: an old object that refers to a young one has to be
 * visited by each minor garbage collection, and there are thousands of connections.
 */
let batches: TickBatch[] = [];

/**
 * Keeps a text until the tick ends, which is after the promises that it settles. `number` is the owner's batch so far.
 * @returns the number of the batch that has the text
 */
export function addToTick(owner: Flushable, text: string, number: number): number {
  const batch = batchOf(owner, number);
  if (batch) {
    if (batch.first === undefined) batch.first = text;
    else {
      batch.more ??= [];
      batch.more.push(text);
    }
    return number;
  }
  if (batches.push(new TickBatch(owner, text)) === 1) process.nextTick(flushAll);
  return batches.length - 1;
}

/** Removes the texts from a batch and returns them. */
export function takeFromTick(owner: Flushable, number: number): string | readonly string[] {
  const batch = batchOf(owner, number);
  if (batch?.first === undefined) return NOTHING;
  const { first, more } = batch;
  batch.first = undefined;
  batch.more = undefined;
  return more ? [first, ...more] : first;
}

/** A number of an earlier tick may be another owner's by now. */
function batchOf(owner: Flushable, number: number): TickBatch | undefined {
  if (number === NO_BATCH) return undefined;
  const batch = batches[number];
  return batch?.owner === owner ? batch : undefined;
}

function flushAll(): void {
  try {
    // The iteration includes batches that these flushes add.
    for (const { owner } of batches) owner.flush();
  } finally {
    batches = [];
  }
}
