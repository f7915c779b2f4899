import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { andThen, isPromise } from '../../../src/util/is-promise.js';

const sources = new URL('../../../src/', import.meta.url);

/** A promise of another make. */
class Thenable implements PromiseLike<number> {
  // biome-ignore lint/suspicious/noThenProperty: that is the point.
  then(resolve?: ((value: number) => unknown) | null): never {
    setImmediate(() => resolve?.(1));
    return undefined as never;
  }
}

test('a promise of any make is one', () => {
  for (const promise of [Promise.resolve(1), new Thenable()]) expect(isPromise(promise)).toBe(true);
  for (const other of [undefined, null, 'then', {}, () => {}]) expect(isPromise(other)).toBe(false);
});

test('what comes next comes at once, where there is nothing to wait for', async () => {
  expect(andThen(1, (value: number) => value + 1)).toBe(2);
  await expect(andThen(new Thenable(), (value: number) => value + 1)).resolves.toBe(2);
});

test('the server asks in no other way: `instanceof Promise` misses those of other makes', () => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/^(client\/|util\/is-promise\.ts$)/.test(file),
  );
  expect(files.length).toBeGreaterThan(100);
  const asking = files.filter((file) =>
    readFileSync(new URL(file, sources), 'utf8').includes('instanceof Promise'),
  );
  expect(asking).toEqual([]);
});
