import { describe, expect, test } from 'vitest';
import { OrderedQueue } from '../../../src/util/ordered-queue.js';

/** A promise, and how to settle it. */
function pending<Value>() {
  let settle: { resolve(value: Value): void; reject(error: Error): void } | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    promise,
    resolve: (value: Value) => settle?.resolve(value),
    reject: (e: Error) => settle?.reject(e),
  };
}

describe('a queue', () => {
  test('acts at once, without a promise, where the answer is there at once', () => {
    const queue = new OrderedQueue(1);
    expect(queue.run(() => 1, String)).toBe('1');
    expect(() =>
      queue.run(
        () => 1,
        () => {
          throw new Error('no');
        },
      ),
    ).toThrow('no');
    expect(() =>
      queue.run(() => {
        throw new Error('refused');
      }, String),
    ).toThrow('refused');
    expect(queue.run(() => 2, String)).toBe('2');
  });

  test('asks and acts in order, one after the other, also where later answers would be there at once', async () => {
    const queue = new OrderedQueue(10);
    const order: string[] = [];
    const first = pending<number>();
    const all = [first.promise, 2, Promise.resolve(3), 4].map((answer, index) =>
      queue.run(
        () => {
          order.push(`ask ${index + 1}`);
          return answer;
        },
        (value) => {
          order.push(`act ${value}`);
          return value;
        },
      ),
    );
    expect(order).toEqual(['ask 1']);
    first.resolve(1);
    expect(await Promise.all(all)).toEqual([1, 2, 3, 4]);
    expect(order).toEqual(['ask 1', 'act 1', 'ask 2', 'act 2', 'ask 3', 'act 3', 'ask 4', 'act 4']);
    expect(queue.run(() => 5, String)).toBe('5');
  });

  test('waits for the answer, not for what is begun by it', async () => {
    const queue = new OrderedQueue(10);
    const deed = pending<string>();
    const first = queue.run(
      () => Promise.resolve(),
      () => deed.promise,
    );
    expect(await queue.run(() => 2, String)).toBe('2');
    deed.resolve('done');
    expect(await first).toBe('done');
  });

  test('goes on after what was refused, or has failed', async () => {
    const queue = new OrderedQueue(10);
    const answer = pending<number>();
    const refused = queue.run(() => answer.promise, String);
    const failed = queue.run(
      () => 1,
      () => Promise.reject(new Error('failed')),
    );
    const last = queue.run(() => 3, String);
    answer.reject(new Error('refused'));
    await expect(refused).rejects.toThrow('refused');
    await expect(failed).rejects.toThrow('failed');
    expect(await last).toBe('3');
  });

  test('lets as many wait as it was told', async () => {
    const queue = new OrderedQueue(2);
    const answer = pending<number>();
    const waiting = [queue.run(() => answer.promise, String), queue.run(() => 2, String)];
    expect(queue.isFull).toBe(true);
    expect(() => queue.run(() => 3, String)).toThrow('Too many messages wait');
    answer.resolve(1);
    expect(await Promise.all(waiting)).toEqual(['1', '2']);
    expect(queue.isFull).toBe(false);
  });
});
