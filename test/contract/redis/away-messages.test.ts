import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Session } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { heardBy, join } from '../shared-suites/stage.js';
import { AwayStage, likesOf, say, textsOf } from './away-stage.js';

const unavailable = { code: 'ERR_RELAY_UNAVAILABLE', retryable: true };

describeReal(['redis'], 'messages that are sent while Redis is away', () => {
  let stage: AwayStage;
  beforeEach(async () => {
    stage = await AwayStage.start();
  });
  afterEach(() => stage.stop());

  /** Alice and Bob are in one process, Carol is in another. */
  async function three(): Promise<[Session, Session, Session]> {
    const [one, other] = stage.two();
    const sessions: [Session, Session, Session] = [
      await join(one, 'alice'),
      await join(one, 'bob'),
      await join(other, 'carol'),
    ];
    for (const { room } of sessions) await eventually(() => expect(room.size).toBe(3));
    return sessions;
  }

  test.each([
    ['empty', () => stage.kill(), () => stage.startAgain()],
    ['with what it had', () => stage.freeze(), () => stage.goOn()],
  ])(
    'are heard in their process at once, and by the others in order when it is back %s',
    async (_, go, come) => {
      const sessions = await three();
      const [alice, bob, carol] = sessions;
      const heard = sessions.map(heardBy);
      await say(alice, 'before');
      await eventually(() => expect(heard[2]).toEqual(['before']));
      await go();
      const texts = Array.from({ length: 20 }, (_, n) => `text ${n}`);
      for (const [n, text] of texts.entries()) await say(n % 2 ? bob : alice, text);
      await say(carol, 'alone');
      for (const each of heard.slice(0, 2)) expect(each).toEqual(['before', ...texts]);
      expect(heard[2]).toEqual(['before', 'alone']);
      expect(textsOf(bob)).toEqual(['before', ...texts]);
      await come();
      await say(bob, 'after');
      await eventually(() => expect(heard[2]).toContain('after'));
      await eventually(() => expect(heard[0]).toContain('alone'));
      expect(heard[1]).toEqual(heard[0]);
      for (const each of heard) {
        expect((each as string[]).filter((text) => text !== 'alone')).toEqual(['before', ...texts, 'after']);
        expect(each).toHaveLength(23);
      }
      for (const each of sessions) expect(textsOf(each)).toHaveLength(23);
    },
  );

  test('reach the others although their sender has left, or their process was the last one to hear of a text', async () => {
    const [alice, bob, carol] = await three();
    const heard = [heardBy(bob), heardBy(carol)];
    // The newest one is in Redis, and its sender does not know.
    stage.loseReplies(0, true);
    const doubtful = say(alice, 'doubtful');
    await eventually(() => expect(heard[1]).toEqual(['doubtful']));
    await stage.cutOff(0);
    await doubtful;
    await say(alice, 'bye');
    void alice.close();
    expect(heard[0]).toEqual(['doubtful', 'bye']);
    stage.loseReplies(0, false);
    await stage.reconnect(0);
    await say(bob, 'later');
    await eventually(() => expect(heard[1]).toEqual(['doubtful', 'bye', 'later']));
    expect(heard[0]).toEqual(['doubtful', 'bye', 'later']);
    await eventually(() => expect(carol.room.size).toBe(2));
    await eventually(() => expect([...(carol.room.log.state.seats?.keys() ?? [])]).toHaveLength(2));
  });

  test('and are gifts, count once, wherever they are sent again', async () => {
    const [one, other] = stage.two();
    const [alice, carol] = [await join(one, 'alice'), await join(other, 'carol')];
    const [dave, daveAgain] = [await join(one, 'dave'), await join(other, 'dave')];
    await eventually(() => expect(alice.room.size).toBe(4));
    const heard = [heardBy(alice), heardBy(carol)];
    const give = (session: Session, id: string) => session.send({ kind: 'gift', id, data: { gift: id } });
    await stage.kill();
    const receipts = [await give(dave, 'rose'), await give(dave, 'rose')];
    await give(dave, 'car');
    await give(daveAgain, 'car');
    const gifts = (n: number) => heard[n]?.map((data) => (data as { gift?: string }).gift ?? data);
    expect([gifts(0), gifts(1)]).toEqual([['rose', 'car'], ['car']]);
    await stage.startAgain();
    receipts.push(await give(dave, 'rose'), await give(daveAgain, 'rose'));
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(1);
    await say(alice, 'done');
    await say(carol, 'done');
    for (const each of heard)
      await eventually(() => expect(each.filter((text) => text === 'done')).toHaveLength(2));
    expect(gifts(0)?.filter((text) => text !== 'done')).toEqual(['rose', 'car']);
    expect(
      gifts(1)
        ?.filter((text) => text !== 'done')
        .sort(),
    ).toEqual(['car', 'rose']);
  });

  test('are heard once where Redis has told the others of them, and lost them before it had answered', async () => {
    const [alice, , carol] = await three();
    const heard = [heardBy(alice), heardBy(carol)];
    stage.loseReplies(0, true);
    const doubtful = say(alice, 'doubtful');
    await eventually(() => expect(heard[1]).toEqual(['doubtful']));
    await stage.kill();
    await doubtful;
    stage.loseReplies(0, false);
    await stage.startAgain();
    await say(alice, 'after');
    for (const each of heard) await eventually(() => expect(each).toEqual(['doubtful', 'after']));
  });

  test('and the gifts that follow while they are told reach the others, too', async () => {
    const [alice, bob, carol] = await three();
    const heard = [heardBy(bob), heardBy(carol)];
    await stage.cutOff(0);
    const texts = Array.from({ length: 50 }, (_, n) => `text ${n}`);
    for (const text of texts) await say(alice, text);
    const given = stage.whenBack(0, () => {
      expect(alice.room.journal).toMatchObject({ isAway: false, isBehind: true });
      return alice.send({ kind: 'gift', id: 'rose', data: { gift: 'rose' } });
    });
    await stage.reconnect(0);
    await given;
    await say(alice, 'after');
    await eventually(() => expect(heard[1]).toMatchObject([...texts, { gift: 'rose' }, 'after']));
    expect(heard[0]).toEqual(heard[1]);
  });

  test('reach the others although the relay is closed as soon as Redis is back', async () => {
    const [one, other] = stage.two();
    const [alice, carol] = [await join(one, 'alice'), await join(other, 'carol')];
    await eventually(() => expect(alice.room.size).toBe(2));
    const heard = heardBy(carol);
    await stage.cutOff(0);
    const texts = Array.from({ length: 200 }, (_, n) => `text ${n}`);
    for (const text of texts) await say(alice, text);
    const closed = stage.whenBack(0, () => one.close());
    await stage.reconnect(0);
    await closed;
    await eventually(() => expect(heard).toEqual(texts));
    expect(stage.warnings.map(([, text]) => text)).not.toContainEqual(
      expect.stringContaining('The relay ends'),
    );
  });

  test('of a room that everybody has left since are not heard by those who come again meanwhile', async () => {
    const [one, other] = stage.two();
    const [alice, carol] = [await join(one, 'alice'), await join(other, 'carol')];
    await eventually(() => expect(alice.room.size).toBe(2));
    const heard = heardBy(carol);
    await stage.cutOff(0);
    const texts = Array.from({ length: 50 }, (_, n) => `text ${n}`);
    for (const text of texts) await say(alice, text);
    await alice.close();
    const joined = stage.whenBack(0, () => join(one, 'dave'));
    await stage.reconnect(0);
    const dave = await joined;
    const heardNow = heardBy(dave);
    await say(carol, 'after');
    await eventually(() => expect(heard).toEqual([...texts, 'after']));
    await eventually(() => expect(heardNow).toEqual(['after']));
    expect(textsOf(dave)).toEqual(textsOf(carol));
  });

  test('and are counted, add up exactly', async () => {
    const sessions = await three();
    const [alice, bob, carol] = sessions;
    const give = (session: Session, count: number) => session.send({ kind: 'like', data: { count } });
    await give(alice, 100);
    for (const each of sessions) await eventually(() => expect(likesOf(each)).toBe(100));
    await stage.kill();
    for (let n = 0; n < 10; n += 1) {
      await give(n % 2 ? alice : bob, 1);
      await give(carol, 10);
      await eventually(() => expect(likesOf(bob)).toBe(101 + n));
    }
    await eventually(() => expect(likesOf(carol)).toBe(200));
    await stage.startAgain();
    await give(alice, 1000);
    for (const each of sessions) await eventually(() => expect(likesOf(each)).toBe(1210));
  });

  test('and are for one user, reach the sessions of the process at once, and the others later', async () => {
    const [one, other] = stage.two();
    const [alice, bob, bobElsewhere] = [
      await join(one, 'alice'),
      await join(one, 'bob'),
      await join(other, 'bob'),
    ];
    const carol = await join(other, 'carol');
    await eventually(() => expect(alice.room.size).toBe(4));
    const heard = [bob, bobElsewhere, carol].map(heardBy);
    await stage.kill();
    await say(alice, 'psst', 'bob');
    await say(alice, 'hey', 'carol');
    expect(heard).toEqual([['psst'], [], []]);
    await stage.startAgain();
    await eventually(() => expect(heard).toEqual([['psst'], ['psst'], ['hey']]));
  });

  test('by viewers who are only counted arrive, too', async () => {
    const [one, other] = stage.two({ maxListedParticipants: 0 });
    const [alice, bob, carol] = [
      await join(one, 'alice'),
      await join(one, 'bob'),
      await join(other, 'carol'),
    ];
    await eventually(() => expect(carol.room.audience.count).toBe(3));
    const heard = [heardBy(bob), heardBy(carol)];
    await stage.kill();
    await say(alice, 'hello');
    await say(bob, 'bye');
    await bob.close();
    expect(heard[0]).toEqual(['hello', 'bye']);
    await stage.startAgain();
    await eventually(() => expect(heard[1]).toEqual(['hello', 'bye']));
    await eventually(() =>
      expect([...(carol.room.log.state.seats?.values() ?? [])].map(({ userId }) => userId)).toEqual([
        'alice',
      ]),
    );
  });

  test('by a user whom another process bans meanwhile are not heard there', async () => {
    const [alice, bob, carol] = await three();
    const heard = [heardBy(alice), heardBy(carol)];
    await stage.cutOff(0);
    await say(bob, 'before the ban is known here');
    await say(alice, 'here');
    const closed = new Promise((resolve) => bob.once('close', resolve));
    await carol.room.ban('bob').catch(() => {});
    await stage.reconnect(0);
    await closed;
    await eventually(() => expect(heard[1]).toEqual(['here']));
    expect(heard[0]).toEqual(['before the ban is known here', 'here']);
  });

  test('wait up to a number, beyond which they are refused; what waits at the end of the relay is logged', async () => {
    const [alice, , carol] = await three();
    const heard = heardBy(carol);
    await stage.kill();
    for (let n = 0; n < 250; n += 1) await say(alice, String(n));
    await expect(say(alice, 'too much')).rejects.toMatchObject(unavailable);
    await alice.room.lock();
    await stage.startAgain();
    await eventually(() => expect(heard).toHaveLength(250));
    await say(alice, 'again');
    await eventually(() => expect(heard.at(-1)).toBe('again'));
    await stage.kill();
    await say(alice, 'lost');
    await alice.room.unlock();
    await stage.stop();
    const ended = stage.warnings.filter(([, text]) => text.includes('ends'));
    expect(ended).toEqual([[{ messages: 1, changes: 1 }, expect.any(String)]]);
  });
});
