import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fakeOffer } from '../../src/testing/index.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { ClusterStage, chatOf, type Member, roster, say } from './cluster-stage.js';

const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const WAIT = { timeoutMs: 20_000 };
const recorded = fileURLToPath(new URL('./recorded/', import.meta.url));
/** Where it finds its packages. */
const cache = fileURLToPath(new URL('../../node_modules/.cache/recorded/', import.meta.url));

/** What `npm run record-build` has recorded. */
async function unpack(): Promise<string> {
  const [name = ''] = await readdir(recorded);
  const script = `${cache}${basename(name, '.br')}`;
  await mkdir(cache, { recursive: true });
  await writeFile(script, brotliDecompressSync(await readFile(`${recorded}${name}`)));
  return script;
}

describeReal(['ion', 'redis'], 'a relay beside one of an earlier build', () => {
  const stage = new ClusterStage();
  let script = '';
  beforeAll(async () => {
    script = await unpack();
    await stage.setUp();
  });
  beforeEach(() => stage.begin());
  afterEach(() => stage.clear());
  afterAll(() => stage.tearDown());

  /** The first one of two is the earlier build, or the second one. */
  const two = (early: 0 | 1) => stage.relays(2, {}, (n) => (n === early ? { script } : {}));
  const others = (members: readonly Member[], member: Member) =>
    members.flatMap(({ user }) => (user === member.user ? [] : [user])).sort();
  const everyoneSees = async (members: readonly Member[]) => {
    for (const each of members)
      await until('all are seen', () => `${roster(each)}` === `${others(members, each)}`, WAIT);
  };

  describe.each([
    ['earlier', 'new', 0],
    ['new', 'earlier', 1],
  ] as const)('from the %s one to the %s one', (_from, _to, early) => {
    test('participants, tracks, chat and a kick', async () => {
      const [one, other] = await two(early);
      const host = await stage.join(one, 'lobby', 'host', { tracks: [CAMERA] });
      const guest = await stage.join(other, 'lobby', 'guest');
      const stays = await stage.join(other, 'lobby', 'stays');
      expect(guest.result.participants).toMatchObject([{ userId: 'host', tracks: [{ trackId: 'camera' }] }]);
      await everyoneSees([host, guest, stays]);
      expect(await say(host, 'hello')).toHaveProperty('result');
      expect(await say(guest, 'hi')).toHaveProperty('result');
      for (const each of [host, guest])
        await until('both are heard', () => `${chatOf(each)}` === 'hello,hi', WAIT);
      expect(await host.client.request('moderate', { action: 'kick', userId: 'guest' })).toHaveProperty(
        'result',
      );
      expect((await guest.client.closed).code).toBe(4403);
      await everyoneSees([host, stays]);
    });

    test('a session goes on, and is not seen to leave', async () => {
      const [one, other] = await two(early);
      const witness = await stage.join(one, 'lobby', 'witness');
      const moves = await stage.join(one, 'lobby', 'moves', { capabilities: ['resume', 'rejoin'] });
      await everyoneSees([witness, moves]);
      const { again, answer } = await stage.resume(moves, other);
      expect(answer.error).toBeUndefined();
      await again.next(({ method }) => method === 'rejoin');
      const offer = { type: 'offer', sdp: fakeOffer([CAMERA]) };
      expect((await again.request('rejoin', { peer: 2, offer })).result).toMatchObject({ peer: 2 });
      expect(await say({ ...moves, client: again }, 'here')).toHaveProperty('result');
      await until('it is heard', () => chatOf(witness).includes('here'), WAIT);
      expect(witness.client.received.flatMap(({ params }) => params?.left ?? [])).toEqual([]);
    });

    test('a client whose process was killed joins in its own place', async () => {
      const [one, other] = await two(early);
      const witness = await stage.join(other, 'lobby', 'witness');
      const lost = await stage.join(one, 'lobby', 'lost', { tracks: [CAMERA] });
      await everyoneSees([witness, lost]);
      await one.child.stop('SIGKILL');
      const { sessionId, sessionToken } = lost;
      const back = await stage.join(other, 'lobby', 'lost', { replaces: { sessionId, sessionToken } });
      await everyoneSees([witness, back]);
    });
  });
});
