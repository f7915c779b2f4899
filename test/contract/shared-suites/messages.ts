import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { chat, gift, like, type Session } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { heardBy, join, type SharedStage } from './stage.js';

const messages = { chat: chat(), gift: gift(), like: like({ windowMs: 5 }) };
const say = (session: Session, text: string) => session.send({ kind: 'chat', data: { text } });
const textsOf = ({ room }: Session) =>
  room.recentMessages.map(({ data }) => (data as { text?: string }).text);

export function messagesSuite(stage: SharedStage): void {
  describe('messages of a room of several processes', () => {
    test('come to all in one order, each once', async () => {
      const relays = [1, 2, 3].map(() => stage.relay({ messages }));
      const sessions = await Promise.all(relays.map((relay, n) => join(relay, `user-${n}`)));
      const heard = sessions.map(heardBy);
      const texts = sessions.flatMap((session, n) =>
        Array.from({ length: 20 }, (_, m) => ({ session, text: `${n}-${m}` })),
      );
      await Promise.all(texts.map(({ session, text }) => say(session, text)));
      const [first, ...others] = heard;
      await eventually(() => expect(heard.map((each) => each.length)).toEqual([60, 60, 60]));
      expect(new Set(first).size).toBe(60);
      for (const each of others) expect(each).toEqual(first);
      // Each sender's messages are in the order in which they were sent.
      const own = (first as string[]).filter((text) => text.startsWith('1-'));
      expect(own).toEqual(Array.from({ length: 20 }, (_, m) => `1-${m}`));
    });

    test('of one id are carried out once, wherever they are sent', async () => {
      const [one, other] = stage.two({ messages });
      const carol = await join(one, 'carol');
      const heard = heardBy(carol);
      const sessions = [await join(one, 'alice'), await join(other, 'alice'), await join(other, 'alice')];
      const rose = { kind: 'gift', id: 'rose-1', data: { gift: 'rose', count: 1 } };
      const receipts = await Promise.all(sessions.map((session) => session.send(rose)));
      expect(new Set(receipts.map(({ id }) => id)).size).toBe(1);
      await say(sessions[2] as Session, 'done');
      await eventually(() => expect(heard.at(-1)).toBe('done'));
      expect(heard).toHaveLength(2);
    });

    test('that are counted are counted exactly, also for those who come later', async () => {
      const relays = [1, 2, 3].map(() => stage.relay({ messages }));
      const sessions = await Promise.all(relays.map((relay, n) => join(relay, `user-${n}`)));
      const likes = sessions.flatMap((session) => Array.from({ length: 40 }, () => session));
      await Promise.all(likes.map((session) => session.send({ kind: 'like', data: { count: 2 } })));
      const totalOf = ({ room }: Session) => room.recentMessages.find(({ kind }) => kind === 'like')?.data;
      for (const session of sessions)
        await eventually(() => expect(totalOf(session)).toMatchObject({ total: 240 }));
      const late = await join(stage.relay({ messages }), 'late');
      await eventually(() => expect(totalOf(late)).toMatchObject({ total: 240 }));
    });

    test('are shown to those who come later, to another process', async () => {
      const [one, other] = stage.two({ messages });
      const alice = await join(one, 'alice');
      for (const text of ['one', 'two', 'three']) await say(alice, text);
      const bob = await join(other, 'bob');
      expect(textsOf(bob)).toEqual(['one', 'two', 'three']);
      await say(bob, 'four');
      for (const each of [alice, bob])
        await eventually(() => expect(textsOf(each)).toEqual(['one', 'two', 'three', 'four']));
      await alice.room.deleteMessage(alice.room.recentMessages[0]?.id ?? '');
      for (const each of [alice, bob])
        await eventually(() => expect(textsOf(each)).toEqual(['two', 'three', 'four']));
    });

    test('outlive the room for a while', async () => {
      const [one, other] = stage.two({ messages });
      const alice = await join(one, 'alice');
      await say(alice, 'anybody there?');
      await alice.close();
      const bob = await join(other, 'bob');
      expect(textsOf(bob)).toEqual(['anybody there?']);
    });

    test('of a room that has ended are not shown in the next one of its id, also where they had been left before', async () => {
      const [one, other] = stage.two({ messages });
      const alice = await join(one, 'alice');
      await say(alice, 'between us');
      const bob = await join(other, 'bob');
      await alice.close();
      // Nothing tells when a process has closed the room's log.
      await sleep(500);
      await bob.room.end();
      await sleep(500);
      const carol = await eventually(() => join(one, 'carol'));
      expect(textsOf(carol)).toEqual([]);
    });

    test('come once to a room that is joined again while its last session leaves', async () => {
      const [one, other] = stage.two({ messages });
      const alice = await join(one, 'alice');
      const [carol, visitor] = [await join(other, 'carol'), await join(other, 'visitor')];
      for (let n = 0; n < 5; n += 1) {
        await say(carol, `before ${n}`);
        const leaver = n === 0 ? alice : ([...one.sessions.values()][0] as Session);
        await leaver.close();
        const talk = [0, 1, 2].map((m) => say(visitor, `meanwhile ${n} ${m}`));
        const bob = await join(one, 'bob');
        const heard = heardBy(bob);
        await Promise.all(talk);
        await say(carol, `after ${n}`);
        await eventually(() => expect(heard.at(-1)).toBe(`after ${n}`));
        expect(new Set(heard).size).toBe(heard.length);
        expect(new Set(textsOf(bob)).size).toBe(textsOf(bob).length);
      }
    });

    test('of the server come to all; those for one user to that user alone', async () => {
      const [one, other] = stage.two({ messages });
      const [alice, bob] = [await join(one, 'alice'), await join(other, 'bob')];
      const heard = [heardBy(alice), heardBy(bob)];
      await eventually(() => expect(alice.room.size).toBe(2));
      await one.rooms.get('lobby')?.send({ kind: 'chat', data: { text: 'welcome' } });
      await alice.send({ kind: 'chat', data: { text: 'psst' }, to: 'bob' });
      await say(alice, 'bye');
      await eventually(() =>
        expect(heard).toEqual([
          ['welcome', 'bye'],
          ['welcome', 'psst', 'bye'],
        ]),
      );
    });
  });
}
