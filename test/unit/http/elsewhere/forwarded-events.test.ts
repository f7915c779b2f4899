import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { ForwardedEvents } from '../../../../src/http/elsewhere/forwarded-events.js';

const PIECE_BYTES = 1_000_000;

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

test('a stream keeps none of the pieces that its client has read', async () => {
  const piece = Buffer.alloc(PIECE_BYTES, 'x');
  const read = async () => piece.toString('latin1');
  const remote = { first: undefined, read, end: () => {}, isAlive: () => true };
  const events = new ForwardedEvents(remote, 10_000, () => {});
  collectGarbage();
  const before = process.memoryUsage();
  for (let n = 0; n < 50; n += 1) await events.next();
  collectGarbage();
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  await events.return();
  expect(grown).toBeLessThan(10 * PIECE_BYTES);
});

test('a read in progress ends with the stream', async () => {
  const remote = {
    first: 'first',
    read: () => new Promise<never>(() => {}),
    end: () => {},
    isAlive: () => true,
  };
  const events = new ForwardedEvents(remote, 10_000, () => {});
  expect(await events.next()).toEqual({ done: false, value: 'first' });
  const next = events.next();
  await events.return();
  expect(await next).toEqual({ done: true, value: undefined });
});
