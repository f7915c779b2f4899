import { describe, expect, test } from 'vitest';
import { Mailbox } from '../../../../src/http/sse/replay-buffer.js';

const texts = (mailbox: Mailbox<unknown>) => mailbox.read().map(({ id, text }) => `${id} ${text}`);

describe('a mailbox', () => {
  test('gives letters once, in order, numbered from 1', () => {
    const mailbox = new Mailbox(1_000);
    mailbox.push('a');
    mailbox.push('b');
    expect(texts(mailbox)).toEqual(['1 a', '2 b']);
    mailbox.push('c');
    expect(texts(mailbox)).toEqual(['3 c']);
    expect(texts(mailbox)).toEqual([]);
  });

  test('can be read again after a letter that the reader has', () => {
    const mailbox = new Mailbox(1_000);
    for (const text of ['a', 'b', 'c']) mailbox.push(text);
    mailbox.read();
    expect(mailbox.resumeAfter(1)).toBe(true);
    expect(texts(mailbox)).toEqual(['2 b', '3 c']);
    expect(mailbox.resumeAfter(3)).toBe(true);
    expect(texts(mailbox)).toEqual([]);
    expect(mailbox.resumeAfter(0)).toBe(true);
    expect(texts(mailbox)).toHaveLength(3);
  });

  test.each([4, -1, 1.5, Number.NaN])('can not be resumed after %s, where it has three letters', (id) => {
    const mailbox = new Mailbox(1_000);
    for (const text of ['a', 'b', 'c']) mailbox.push(text);
    expect(mailbox.resumeAfter(id)).toBe(false);
    expect(texts(mailbox)).toHaveLength(3);
  });

  test('forgets the oldest that were read, and says so', () => {
    const mailbox = new Mailbox(1024 * 1024);
    for (let n = 0; n < 100; n += 1) {
      mailbox.push('x'.repeat(1_024));
      mailbox.read();
    }
    expect(mailbox.resumeAfter(1)).toBe(false);
    expect(mailbox.resumeAfter(50)).toBe(true);
    expect(texts(mailbox)).toHaveLength(50);
  });

  test('takes no more than its ceiling while nobody reads, but always a single one', () => {
    const mailbox = new Mailbox(1_000);
    expect(mailbox.push('x'.repeat(2_000))).toBe(true);
    expect(mailbox.push('y')).toBe(false);
    mailbox.read();
    expect(mailbox.push('y')).toBe(true);
  });
});
