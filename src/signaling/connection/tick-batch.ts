/** Has texts to send once all is done that one event brings. */
interface Turning {
  endTurn(): void;
}

class Batch {
  readonly of: Turning;
  texts: string[];

  constructor(of: Turning, text: string) {
    this.of = of;
    this.texts = [text];
  }
}

/** No batch has this number. */
export const NO_BATCH = -1;

/**
 * The texts of this turn. Kept here, and not with whom they are of: an old object that holds a young one costs the garbage
 * collector a visit, and there are thousands of them.
 */
let batches: Batch[] = [];

/**
 * Keeps a text for the end of the turn, which comes after the promises that the turn settles. Gives the number of its
 * batch; the next text that is given with that is kept with this one.
 */
export function keepForTurn(turning: Turning, text: string, number: number): number {
  const batch = batchOf(turning, number);
  if (batch) {
    batch.texts.push(text);
    return number;
  }
  if (batches.push(new Batch(turning, text)) === 1) process.nextTick(endTurn);
  return batches.length - 1;
}

/** The texts of a batch, once. */
export function takeFromTurn(turning: Turning, number: number): readonly string[] {
  const batch = batchOf(turning, number);
  if (!batch) return [];
  const { texts } = batch;
  batch.texts = [];
  return texts;
}

/** Never another one's, whatever became of the turn that the number is of. */
function batchOf(turning: Turning, number: number): Batch | undefined {
  if (number === NO_BATCH) return undefined;
  const batch = batches[number];
  return batch?.of === turning ? batch : undefined;
}

function endTurn(): void {
  try {
    // Those too that are begun by these.
    for (const { of } of batches) of.endTurn();
  } finally {
    batches = [];
  }
}
