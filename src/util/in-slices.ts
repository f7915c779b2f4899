/** Items that one turn of the event loop handles. */
const SLICE = 50;

/** Handles all items, some in each turn of the event loop: messages, timers and other rooms have theirs in between. */
export async function inSlices<Item>(items: Iterable<Item>, handle: (item: Item) => void): Promise<void> {
  let left = SLICE;
  for (const item of items) {
    if (left === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      left = SLICE;
    }
    handle(item);
    left -= 1;
  }
}
