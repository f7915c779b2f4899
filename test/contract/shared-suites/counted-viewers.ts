import { describe, expect, test } from 'vitest';
import { chat, type Session, type SfuRelay } from '../../../src/index.js';
import type { ParticipantPage } from '../../../src/protocol/room-events.js';
import { pageOf } from '../../../src/room/participants/pages-elsewhere.js';
import { eventually } from '../../support/eventually.js';
import { CAMERA, heardBy, join, type SharedStage } from './stage.js';

/** Every viewer is only counted by the other processes. */
const CROWDED = { maxListedParticipants: 0, messages: { chat: chat() } } as const;
const REPLACE = { ...CROWDED, duplicateUser: 'replace' } as const;

const closeOf = (session: Session) =>
  new Promise<string | undefined>((resolve) => session.once('close', ({ error }) => resolve(error?.code)));

const statesOf = (relays: readonly SfuRelay[], user: string) =>
  relays.flatMap((relay) =>
    [...relay.sessions.values()].filter(({ userId }) => userId === user).map(({ state }) => state),
  );

/** All pages from the first one on. */
async function pagesOf(session: Session, query: object = {}): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const given = { limit: 2, ...query, ...(cursor && { cursor }) };
    const page: ParticipantPage = await pageOf(session.room, session, given, 100_000);
    pages.push(page.participants.map(({ userId }) => userId));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

export function countedViewersSuite(stage: SharedStage): void {
  describe('viewers whom the other processes only count', () => {
    const counts = (session: Session, count: number) =>
      eventually(() => expect(session.room.audience.count).toBe(count));

    test('are replaced by the newest session of their user, and replace', async () => {
      const [one, other] = stage.two(REPLACE);
      const watching = await join(one, 'alice');
      const end = closeOf(watching);
      const again = await join(other, 'alice');
      expect(await end).toBe('ERR_RELAY_REPLACED');
      const publishing = closeOf(again);
      const speaker = await join(one, 'alice', {}, [CAMERA]);
      expect(await publishing).toBe('ERR_RELAY_REPLACED');
      const last = closeOf(speaker);
      const viewer = await join(other, 'alice');
      expect(await last).toBe('ERR_RELAY_REPLACED');
      expect(viewer.state).toBe('joined');
      expect(viewer.room.log.state.removals?.size ?? 0).toBe(0);
    });

    test('are replaced exactly, where a user comes to several processes at once', async () => {
      const relays = [1, 2, 3].map(() => stage.relay(REPLACE));
      const bob = await join(relays[0] as SfuRelay, 'bob');
      for (let n = 0; n < 4; n += 1) {
        await Promise.allSettled(relays.map((relay) => join(relay, 'alice')));
        await eventually(() => expect(statesOf(relays, 'alice')).toEqual(['joined']));
      }
      expect(bob.state).toBe('joined');
    });

    test('are replaced after they have written, too', async () => {
      const [one, other] = stage.two(REPLACE);
      const writer = await join(one, 'alice');
      await writer.send({ kind: 'chat', data: { text: 'Hello' } });
      const end = closeOf(writer);
      const again = await join(other, 'alice');
      expect(await end).toBe('ERR_RELAY_REPLACED');
      await again.send({ kind: 'chat', data: { text: 'Hello again' } });
      expect(again.state).toBe('joined');
    });

    test('give their place in a full room to the session that replaces them', async () => {
      const [one, other] = stage.two({ ...REPLACE, limits: { maxParticipantsPerRoom: 1 } });
      const end = closeOf(await join(one, 'alice'));
      await expect(join(other, 'bob')).rejects.toMatchObject({ code: 'ERR_RELAY_TOO_MANY' });
      await join(other, 'alice');
      expect(await end).toBe('ERR_RELAY_REPLACED');
    });

    test('keep their user from coming again, where that is refused', async () => {
      const [one, other] = stage.two({ ...CROWDED, duplicateUser: 'reject' });
      await join(one, 'alice');
      await expect(join(other, 'alice')).rejects.toMatchObject({ code: 'ERR_RELAY_SESSION_EXISTS' });
    });

    test('get messages to their user', async () => {
      const [one, other] = stage.two(CROWDED);
      const alice = await join(one, 'alice');
      const bob = await join(other, 'bob');
      const heard = [heardBy(alice), heardBy(bob)];
      await counts(alice, 2);
      const say = (to: string, text: string) => alice.send({ kind: 'chat', to, data: { text } });
      const texts = ['one', 'two', 'three'];
      await Promise.all(texts.map((text) => say('bob', text)));
      await expect(say('nobody', 'four')).rejects.toMatchObject({ code: 'ERR_RELAY_INVALID_PARAMS' });
      await eventually(() => expect(heard).toEqual([[], texts]));
    });

    test('are on the pages of the participants, each once', async () => {
      const relays = [1, 2, 3].map(() => stage.relay(CROWDED));
      const users = Array.from({ length: 9 }, (_, n) => `user-${n}`);
      for (const [n, user] of users.entries()) await join(relays[n % 3] as SfuRelay, user);
      const host = await join(relays[0] as SfuRelay, 'host', { metadata: { name: 'Host' } });
      const principal = { userId: 'ghost', grants: { hidden: true } };
      await join(relays[1] as SfuRelay, 'ghost', { principal });
      await counts(host, 10);
      const pages = await pagesOf(host);
      expect(pages.flat().sort()).toEqual(users);
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(2);
      expect((await pagesOf(host, { query: 'USER-4' })).flat()).toEqual(['user-4']);
      await expect((async () => pageOf(host.room, host, { cursor: 'a/b' }, 1_000))()).rejects.toThrow(
        'cursor',
      );
    });

    test('are left out of the pages where their process is gone', async () => {
      const [one, other] = stage.two(CROWDED);
      const host = await join(one, 'host');
      await join(other, 'bob');
      await counts(host, 2);
      const { cursor } = await pageOf(host.room, host, {}, 1_000);
      await other.close();
      const page = await pageOf(host.room, host, { cursor: String(cursor) }, 1_000);
      expect(page.participants).toEqual([]);
      expect(page.cursor).toBeUndefined();
    });
  });
}
