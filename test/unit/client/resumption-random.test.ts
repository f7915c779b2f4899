import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MessageReceipt } from '../../../src/protocol/messages.js';
import { Random } from '../../fuzz/random.js';
import { installFakeBrowser } from './fake-browser.js';
import { pass, resumable } from './resumable.js';

const RUNS = Number(process.env.RESUMPTION_RUNS ?? 20);

let restore: () => void;
beforeEach(() => {
  restore = installFakeBrowser();
  vi.useFakeTimers();
});
afterEach(() => restore());

/** Both sides talk for a minute, and the connection breaks at any moment: while frames of both directions are under way. */
async function talk(seed: number) {
  const source = new Random(seed);
  const random = () => source.next();
  vi.spyOn(Math, 'random').mockImplementation(random);
  const base = await resumable();
  const { client, relay } = base;
  relay.latency = () => 40 * random();
  const said: string[] = [];
  const told: string[] = [];
  const receipts: Promise<MessageReceipt>[] = [];
  for (let n = 0; n < 1_500; n += 1) {
    const dice = random();
    if (dice < 0.3) {
      said.push(`said ${n}`);
      receipts.push(client.send('chat', { text: '' }, { id: `said ${n}` }));
    } else if (dice < 0.6) {
      const id = `told ${n}`;
      told.push(id);
      relay.notify('message', { id, kind: 'chat', data: { text: '' }, at: n });
    } else if (dice < 0.64) {
      // At times the client does not notice, until its watchdog does.
      if (!relay.isReachable || random() < 0.9) relay.cut();
      else relay.cut(null);
    } else if (dice < 0.66) relay.isReachable = !relay.isReachable;
    else if (dice < 0.67) relay.acknowledge();
    await pass(40 * random());
  }
  relay.isReachable = true;
  await pass(30_000);
  const heard = base.of('chat').map((message) => (message as { id: string }).id);
  const done = relay.processed.filter(({ method }) => method === 'message').map(({ params }) => params.id);
  return { ...base, said, told, heard, done, receipts: await Promise.all(receipts) };
}

test('each message is processed exactly once and in order, whenever the connection breaks', async () => {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const { client, relay, said, told, heard, done, receipts, of } = await talk(seed);
    const at = `seed ${seed}`;
    expect([at, done]).toEqual([at, said]);
    expect([at, heard]).toEqual([at, told]);
    expect([at, receipts.map(({ id }) => id)]).toEqual([at, said]);
    expect([at, relay.faults, of('error'), of('state'), relay.joins.length]).toEqual([at, [], [], [], 1]);
    expect(relay.resumes.filter(({ outcome }) => outcome === 'resumed').length).toBeGreaterThan(5);
    client.close();
    vi.restoreAllMocks();
  }
}, 600_000);
