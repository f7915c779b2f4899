import { createInterface } from 'node:readline';

/** What a child prints, one JSON value a line: gives the next one, and rejects when it has ended. */
export function jsonLines(child) {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${child.spawnargs.join(' ')} has ended`);
    return JSON.parse(value);
  };
}
