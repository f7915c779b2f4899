import { expect, test, vi } from 'vitest';
import type { Backplane } from '../../../../src/backplane/backplane.js';
import { SessionDirectory } from '../../../../src/relay/shared/handover/session-directory.js';
import { silentLogger } from '../../../../src/util/logger.js';
import { eventually } from '../../../support/eventually.js';

const directoryOn = (put: Backplane['put']) =>
  new SessionDirectory({ put } as Backplane, 'here', silentLogger);
const owner = (hash: string) => ({ userId: 'ada', hashes: [hash] });

test('a session is forgotten when nothing of it is on the way any more, which would overwrite what another process says', async () => {
  let written = () => {};
  const writing = new Promise<void>((resolve) => {
    written = resolve;
  });
  const put = vi.fn(() => writing);
  const directory = directoryOn(put);
  directory.tell('s-1', 'lobby', owner('one'));
  const forgotten = vi.fn();
  const forgetting = directory.forget('s-1', true).then(forgotten);
  await new Promise(setImmediate);
  expect(forgotten).not.toHaveBeenCalled();
  written();
  await forgetting;
  expect(put).toHaveBeenCalledTimes(1);
});

test('the newest owner is the last one that is written', async () => {
  const texts: string[] = [];
  const directory = directoryOn(async (_, text) => void texts.push(text));
  for (const hash of ['one', 'two', 'three']) directory.tell('s-1', 'lobby', owner(hash));
  await directory.forget('s-1', true);
  directory.tell('s-1', 'lobby', owner('four'));
  await eventually(() => expect(JSON.parse(texts.at(-1) ?? '').hashes).toEqual(['four']));
});

test('what a dead process has said of sessions that have left is removed, and what others say of them is not', async () => {
  const now = vi.spyOn(performance, 'now');
  try {
    const entries = new Map<string, string>();
    const directory = new SessionDirectory(
      {
        get: async (key: string) => entries.get(key),
        put: async (key: string, text: string) => void (text ? entries.set(key, text) : entries.delete(key)),
      } as unknown as Backplane,
      'here',
      silentLogger,
    );
    const tell = (sessionId: string, processId: string) =>
      entries.set(
        `session ${sessionId}`,
        JSON.stringify({ format: 1, processId, roomId: 'lobby', hashes: [] }),
      );
    tell('lost', 'dead');
    tell('moved', 'living');
    tell('left', 'living');
    directory.left('lost', 'dead');
    directory.left('moved', 'dead');
    directory.left('left', 'living');
    const isAlive = (processId: string) => processId === 'living';
    directory.beat(isAlive);
    await new Promise(setImmediate);
    expect(entries.size).toBe(3);
    now.mockReturnValue(performance.now() + 31_000);
    directory.beat(isAlive);
    await eventually(() => expect([...entries.keys()]).toEqual(['session moved', 'session left']));
  } finally {
    now.mockRestore();
  }
});
