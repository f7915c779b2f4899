import { beforeEach, expect, test, vi } from 'vitest';
import type { Backplane, Outcome, RoomEntry, RoomLog } from '../../../src/backplane/backplane.js';
import type { RoomJournal } from '../../../src/backplane/journal.js';
import { openLog } from '../../../src/backplane/late-log.js';
import { memoryBackplane } from '../../../src/backplane/memory/memory-backplane.js';
import { Outage } from '../../../src/backplane/outage.js';
import { RelayError } from '../../../src/protocol/errors.js';
import { silentLogger } from '../../../src/util/logger.js';

const unavailable = () => new RelayError('ERR_RELAY_UNAVAILABLE', 'away');

/** `lost`: what is asked for happens, and its reply does not come. */
type Network = 'up' | 'down' | 'lost';

let network: Network;
let outage: Outage;
let journal: RoomJournal;
/** What the sessions of this process have been told, and those of another one. */
let told: string[];
let toldOthers: string[];
let errors: unknown[];
let onOther: (text: string) => void;

const message = (id: string): RoomEntry => ({ message: { id, kind: 'chat', data: { text: id }, at: 0 } });
const textOf = (entry: RoomEntry) => ('message' in entry ? entry.message.id : JSON.stringify(entry));
const say = (id: string) => journal.append(undefined, message(id));

function sink(texts: string[], heard = (_: string) => {}) {
  return {
    snapshot() {},
    changed() {},
    appended(_: unknown, entry: RoomEntry) {
      texts.push(textOf(entry));
      heard(textOf(entry));
      if (textOf(entry) === 'bad') throw new Error('a listener fails');
    },
  };
}

/** As that of Redis: it answers later, if at all. */
function overNetwork(log: RoomLog): RoomLog {
  const ask = async (act: () => Outcome | Promise<Outcome>) => {
    await undefined;
    if (network === 'down') throw unavailable();
    const outcome = await act();
    if (network === 'lost') throw unavailable();
    return outcome;
  };
  return {
    get state() {
      return log.state;
    },
    commit: (propose, operation) => ask(() => log.commit(propose, operation)),
    append: (sessionId, entry, operation) => ask(() => log.append(sessionId, entry, operation)),
    close: () => log.close(),
  };
}

beforeEach(async () => {
  [network, told, toldOthers, errors] = ['up', [], [], []];
  const memory = memoryBackplane();
  onOther = () => {};
  memory.open(
    'lobby',
    sink(toldOthers, (text) => onOther(text)),
  );
  outage = new Outage({ ...silentLogger, error: (fields: object) => errors.push(fields) });
  const open = async (...room: Parameters<typeof memory.open>) => overNetwork(memory.open(...room));
  const opened = openLog({ ...memory, outage, open } as unknown as Backplane, 'lobby', sink(told));
  journal = opened.journal;
  await opened.opened;
});

function goAway(how: Network = 'down'): void {
  network = how;
  outage.begin();
}

function comeBack(): void {
  network = 'up';
  outage.end();
}

test('what is done while the backplane is away is here at once, and there later, in order', async () => {
  goAway();
  await say('one');
  expect(await journal.commit(() => ({ locked: true }))).toHaveProperty('later');
  await say('two');
  expect(journal.state.locked).toBe(true);
  expect([told, toldOthers]).toEqual([['one', 'two'], []]);
  comeBack();
  await say('three');
  await vi.waitFor(() => expect(toldOthers).toEqual(['one', 'two', 'three']));
  expect(told).toEqual(['one', 'two', 'three']);
  expect(journal.isBehind).toBe(false);
});

test('what was on its way is told once, whether or not it has arrived', async () => {
  network = 'lost';
  const heard = say('heard');
  await vi.waitFor(() => expect(toldOthers).toEqual(['heard']));
  const queued = say('queued');
  goAway();
  await Promise.all([heard, queued]);
  expect(told).toEqual(['heard', 'queued']);
  comeBack();
  await vi.waitFor(() => expect(journal.isBehind).toBe(false));
  expect([told, toldOthers]).toEqual([
    ['heard', 'queued'],
    ['heard', 'queued'],
  ]);
});

test('an outage in the middle of the return changes nothing of that', async () => {
  const texts = Array.from({ length: 20 }, (_, n) => String(n));
  goAway();
  for (const text of texts) await say(text);
  const again = new Map<string, Network>([
    ['3', 'lost'],
    ['8', 'down'],
    ['15', 'lost'],
  ]);
  for (const [text, how] of again) {
    const gone = new Promise<void>((resolve) => {
      onOther = (heard) => {
        if (heard !== text) return;
        goAway(how);
        resolve();
      };
    });
    comeBack();
    await gone;
    expect(toldOthers.at(-1)).toBe(text);
  }
  comeBack();
  await vi.waitFor(() => expect(journal.isBehind).toBe(false));
  expect(toldOthers).toEqual(texts);
  expect(told).toEqual(texts);
});

test('a change is decided on again; what is refused then does not stop what follows', async () => {
  const refused = { refused: new RelayError('ERR_RELAY_TOO_MANY', 'no') };
  goAway();
  const outcome = await journal.commit((state) => (state.node ? refused : { generation: 7 }));
  network = 'up';
  expect(outcome).toMatchObject({ change: { generation: 7 } });
  await say('after');
  const first = journal.later((log) => log.commit(() => ({ node: 'sfu-1' })));
  comeBack();
  expect(await ((await first) as { later: Promise<Outcome> }).later).toMatchObject({
    change: { node: 'sfu-1' },
  });
  await vi.waitFor(() => expect(toldOthers).toEqual(['after']));
});

test('a deed of its own is refused at once, also while the backplane is away', async () => {
  goAway();
  const error = new RelayError('ERR_RELAY_TOO_MANY', 'no');
  expect(await journal.commit(() => ({ refused: error }))).toEqual({ refused: error });
  await journal.commit(() => ({ end: 'over' }));
  expect(await say('late')).toMatchObject({ refused: { code: 'ERR_RELAY_ROOM_ENDED' } });
  expect(outage.waiting).toEqual({ messages: 0, changes: 1 });
});

test('a sink that throws is logged, and the others wait as before', async () => {
  goAway();
  await say('bad');
  expect(errors).toHaveLength(1);
  comeBack();
  await vi.waitFor(() => expect(toldOthers).toEqual(['bad']));
});

test('too much is refused; nothing is tried any more once the backplane is closed', async () => {
  goAway();
  for (let n = 0; n < 250; n += 1) await say(String(n));
  await expect(say('250')).rejects.toMatchObject({ code: 'ERR_RELAY_UNAVAILABLE', retryable: true });
  for (let n = 0; n < 250; n += 1) await journal.commit(({ generation }) => ({ generation: generation + 1 }));
  await expect(journal.commit(() => ({ locked: true }))).rejects.toMatchObject({
    code: 'ERR_RELAY_UNAVAILABLE',
  });
  expect(journal.state.generation).toBe(250);
  outage.close();
  comeBack();
  await expect(say('late')).rejects.toMatchObject({ code: 'ERR_RELAY_UNAVAILABLE' });
  expect(toldOthers).toEqual([]);
});

test('the log is closed when nothing waits any more', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  try {
    const close = vi.fn();
    goAway();
    await say('one');
    journal.close(close);
    comeBack();
    await vi.waitFor(() => expect(toldOthers).toEqual(['one']));
    expect(close).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(close).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
  }
});
