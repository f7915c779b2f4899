import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Receipts } from '../../../src/messages/receipts.js';

const MINUTE_MS = 60_000;

describe('what was carried out', () => {
  function memory() {
    const clock = { now: 0 };
    const receipts = new Receipts(() => clock.now);
    let acts = 0;
    const send = (who: string, id: string) =>
      receipts.once(who, id, async () => {
        acts += 1;
        return { at: acts };
      });
    return { clock, receipts, send, acts: () => acts };
  }

  test('is remembered for ten minutes, by its sender and id', async () => {
    const { clock, send, acts } = memory();
    const first = await send('alice', 'g1');
    clock.now = 10 * MINUTE_MS - 1;
    expect(await send('alice', 'g1')).toBe(first);
    await send('bob', 'g1');
    expect(acts()).toBe(2);
    clock.now = 10 * MINUTE_MS;
    expect(await send('alice', 'g1')).not.toEqual(first);
  });

  test('is not forgotten because somebody else sends a lot', async () => {
    const { send, receipts } = memory();
    const first = await send('alice', 'g1');
    for (let n = 0; n < 10_000; n += 1) await send('mallory', `${n}`);
    expect(await send('alice', 'g1')).toBe(first);
    expect(receipts.size).toBe(257);
  });

  test('takes bounded memory, whoever they are and how many', async () => {
    const { send, receipts } = memory();
    for (let n = 0; n < 50_100; n += 1) void send(`user ${n}`, 'g1');
    expect(receipts.size).toBe(50_000);
  });

  test('leaves nothing behind once it is old, in whatever order it came', async () => {
    const step = fc.record({
      who: fc.nat(5),
      id: fc.nat(20),
      wait: fc.integer({ min: 0, max: 8 * MINUTE_MS }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const { clock, send, receipts } = memory();
        const sent = new Map<string, { at: number; until: number }>();
        for (const { who, id, wait } of steps) {
          clock.now += wait;
          const key = `${who} ${id}`;
          const known = sent.get(key);
          const { at } = await send(`${who}`, `${id}`);
          if (known && known.until > clock.now) expect(at).toBe(known.at);
          else sent.set(key, { at, until: clock.now + 10 * MINUTE_MS });
        }
        clock.now += 10 * MINUTE_MS;
        await send('last', 'one');
        expect(receipts.size).toBe(1);
      }),
    );
  });
});
