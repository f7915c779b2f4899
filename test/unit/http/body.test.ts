import { describe, expect, test } from 'vitest';
import { readText } from '../../../src/http/exchange.js';

/** The bytes of a text, each in the same one-byte chunk: whoever keeps the chunk has the last byte only. */
async function* oneByOne(text: string): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(1);
  for (const byte of Buffer.from(text)) {
    chunk[0] = byte;
    yield chunk;
  }
}

describe('the body of a request', () => {
  test('is copied, so that a body of one-byte chunks takes no more memory than another', async () => {
    const text = 'Grüße, 世界! '.repeat(300);
    expect(await readText(oneByOne(text), 20_000)).toBe(text);
  });

  test('may have as many bytes as allowed, and not one more', async () => {
    expect(await readText(oneByOne('x'.repeat(5_000)), 5_000)).toHaveLength(5_000);
    await expect(readText(oneByOne('x'.repeat(5_001)), 5_000)).rejects.toThrow('longer than 5000 bytes');
    expect(await readText(oneByOne(''), 0)).toBe('');
  });
});
