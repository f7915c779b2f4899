import { describe, expect, test } from 'vitest';
import { ReplayBuffer } from '../../../../src/http/sse/replay-buffer.js';

const texts = (buffer: Pick<ReplayBuffer<unknown>, 'read'>) =>
  buffer.read().map(({ id, text }) => `${id} ${text}`);

describe('a buffer', () => {
  test('gives events once, in order, numbered from 1', () => {
    const buffer = new ReplayBuffer(1_000);
    buffer.push('a');
    buffer.push('b');
    expect(texts(buffer)).toEqual(['1 a', '2 b']);
    buffer.push('c');
    expect(texts(buffer)).toEqual(['3 c']);
    expect(texts(buffer)).toEqual([]);
  });

  test('takes more at once of what belongs together, and of what follows it', () => {
    const buffer = new ReplayBuffer(10);
    const long = 'x'.repeat(8);
    buffer.together(() => {
      for (let n = 0; n < 3; n += 1) expect(buffer.push(long)).toBe(true);
    });
    expect(buffer.push(long)).toBe(true);
    expect(buffer.push(long)).toBe(false);
    // Another one does not come on top.
    buffer.together(() => expect(buffer.push(long)).toBe(false));
    expect(buffer.read()).toHaveLength(4);
    expect(buffer.push(long)).toBe(true);
    expect(buffer.push(long)).toBe(false);
  });

  test('can be read again after a event that the reader has', () => {
    const buffer = new ReplayBuffer(1_000);
    for (const text of ['a', 'b', 'c']) buffer.push(text);
    buffer.read();
    expect(buffer.resumeAfter(1)).toBe(true);
    expect(texts(buffer)).toEqual(['2 b', '3 c']);
    expect(buffer.resumeAfter(3)).toBe(true);
    expect(texts(buffer)).toEqual([]);
    expect(buffer.resumeAfter(0)).toBe(true);
    expect(texts(buffer)).toHaveLength(3);
  });

  test('has room for more when it is read again', () => {
    const buffer = new ReplayBuffer(1_000);
    for (let n = 0; n < 20; n += 1) {
      buffer.push('x'.repeat(100));
      buffer.read();
    }
    expect(buffer.resumeAfter(15)).toBe(true);
    expect(buffer.push('y')).toBe(true);
    expect(texts(buffer)).toHaveLength(6);
  });

  test('gives a reader that begins anew what it may need, also of what was forgotten', () => {
    const buffer = new ReplayBuffer<string>(1_000, (content) => content === 'lasting');
    for (const content of ['lasting', 'passing', undefined]) buffer.push('x', content);
    buffer.read();
    for (let n = 0; n < 10; n += 1) {
      buffer.push('x'.repeat(100));
      buffer.read();
    }
    buffer.push('y', 'unread');
    expect(buffer.restart()).toEqual(['lasting', 'unread']);
    buffer.push('z');
    expect(texts(buffer)).toEqual(['15 z']);
    expect(buffer.resumeAfter(13)).toBe(false);
    expect(buffer.restart()).toEqual([]);
  });

  test.each([4, -1, 1.5, Number.NaN])('can not be resumed after %s, where it has three events', (id) => {
    const buffer = new ReplayBuffer(1_000);
    for (const text of ['a', 'b', 'c']) buffer.push(text);
    expect(buffer.resumeAfter(id)).toBe(false);
    expect(texts(buffer)).toHaveLength(3);
  });

  test('forgets the oldest that were read, and says so', () => {
    const buffer = new ReplayBuffer(1024 * 1024);
    for (let n = 0; n < 100; n += 1) {
      buffer.push('x'.repeat(1_024));
      buffer.read();
    }
    expect(buffer.resumeAfter(1)).toBe(false);
    expect(buffer.resumeAfter(50)).toBe(true);
    expect(texts(buffer)).toHaveLength(50);
  });

  test('takes no more than its ceiling while nobody reads, but always a single one', () => {
    const buffer = new ReplayBuffer(1_000);
    expect(buffer.push('x'.repeat(2_000))).toBe(true);
    expect(buffer.push('y')).toBe(false);
    buffer.read();
    expect(buffer.push('y')).toBe(true);
  });
});
