import { describe, expect, test } from 'vitest';
import type { RoomLog, RoomSink } from '../../../src/backplane/backplane.js';
import { eventually } from '../../support/eventually.js';
import { type BackplaneStage, note, place, recorder, silent } from './stage.js';

/** What a process is told of a room, and in which order. */
export function sinkSuite(stage: BackplaneStage): void {
  describe('tells a process that has a room open', () => {
    test('the state of before, and then every change, in the order of all', async () => {
      const [one, other] = await stage.two();
      const [first, second] = [recorder(), recorder()];
      const log = await one.open('lobby', first.sink);
      expect(first.news).toEqual([{ snapshot: { generation: 0 }, revision: 0 }]);
      await log.commit(place('sfu-1'));
      const later = await other.open('lobby', second.sink);
      await later.commit(place('sfu-2'));
      await log.commit(place('sfu-3'));
      const changes = [
        { change: { node: 'sfu-2', generation: 2 }, revision: 2 },
        { change: { node: 'sfu-3', generation: 3 }, revision: 3 },
      ];
      const before = { snapshot: { node: 'sfu-1', generation: 1 }, revision: 1 };
      await eventually(() => expect(second.news).toEqual([before, ...changes]));
      await eventually(() => expect(first.news.slice(2)).toEqual(changes));
      for (const { state } of [log, later]) expect(state).toMatchObject({ node: 'sfu-3', generation: 3 });
    });

    test('its own change before the outcome', async () => {
      const { sink, news } = recorder();
      const log = await (await stage.process()).open('lobby', sink);
      expect(await log.commit(place('sfu-1'))).toMatchObject({ revision: 1 });
      expect(news).toContainEqual({ change: { node: 'sfu-1', generation: 1 }, revision: 1 });
    });

    test('nothing of other rooms', async () => {
      const [one, other] = await stage.two();
      const { sink, news } = recorder();
      const lobby = await one.open('lobby', sink);
      await (await other.open('lounge', silent)).commit(place('sfu-1'));
      await lobby.commit(place('sfu-2'));
      expect(news).toEqual([
        { snapshot: { generation: 0 }, revision: 0 },
        { change: { node: 'sfu-2', generation: 1 }, revision: 1 },
      ]);
    });

    test('what those with a seat append, in one order', async () => {
      const [one, other] = await stage.two();
      const [first, second] = [recorder(), recorder()];
      const log = await one.open('lobby', first.sink);
      const far = await other.open('lobby', second.sink);
      await log.commit(() => ({ seats: new Map([['session-a', { userId: 'alice' }]]) }));
      await far.commit(() => ({ seats: new Map([['session-b', { userId: 'bob' }]]) }));
      await Promise.all([
        log.append('session-a', note('from a')),
        far.append('session-b', note('from b')),
        log.append('session-a', { deletion: { deleted: 'from a' } }),
      ]);
      const told = (news: unknown[]) => news.filter((each) => 'entry' in (each as object));
      await eventually(() => expect(told(first.news)).toHaveLength(3));
      await eventually(() => expect(told(second.news)).toEqual(told(first.news)));
      expect(told(first.news)).toContainEqual({ sessionId: 'session-b', entry: note('from b') });
    });

    test('everything in the order of the room, also where a process changes it on being told', async () => {
      const [one, other] = await stage.two();
      let log: RoomLog | undefined;
      const first = recorder();
      const eager: RoomSink = {
        ...first.sink,
        changed(change, revision) {
          first.sink.changed(change, revision);
          if (revision === 1) void log?.commit(place('sfu-2'));
        },
      };
      log = await one.open('lobby', eager);
      const second = recorder();
      await (await other.open('lobby', second.sink)).commit(place('sfu-1'));
      const changes = [
        { change: { node: 'sfu-1', generation: 1 }, revision: 1 },
        { change: { node: 'sfu-2', generation: 2 }, revision: 2 },
      ];
      for (const { news } of [first, second]) await eventually(() => expect(news.slice(1)).toEqual(changes));
    });

    test('each change once, where it opens the room on being told of one, and of the next', async () => {
      const [one, other] = await stage.two();
      const revisions: number[] = [];
      let log: RoomLog | undefined;
      let opening: Promise<RoomLog> | undefined;
      const late: RoomSink = {
        snapshot: (_, revision) => revisions.push(revision),
        changed: (_, revision) => revisions.push(revision),
        appended: () => {},
      };
      log = await one.open('lobby', {
        ...silent,
        changed(_, revision) {
          if (revision !== 1) return;
          void log?.commit(place('sfu-2'));
          opening = Promise.resolve(other.open('lobby', late));
        },
      });
      await log.commit(place('sfu-1'));
      await eventually(() => expect(opening).toBeDefined());
      await opening;
      await log.commit(place('sfu-3'));
      await eventually(() => expect(revisions.at(-1)).toBe(3));
      const first = revisions[0] ?? 0;
      expect(revisions).toEqual([1, 2, 3].filter((revision) => revision >= first));
    });

    test('the same as before, where another process or itself fails to carry out a change', async () => {
      const [one, other] = await stage.two();
      const failing = recorder();
      const fail = () => {
        throw new Error('the sink has failed');
      };
      const log = await one.open('lobby', {
        snapshot: fail,
        appended: fail,
        changed(change, revision) {
          failing.sink.changed(change, revision);
          fail();
        },
      });
      const { sink, news } = recorder();
      await other.open('lobby', sink);
      expect(await log.commit(place('sfu-1'))).toMatchObject({ revision: 1 });
      expect(await log.commit(place('sfu-2'))).toMatchObject({ revision: 2 });
      await eventually(() => expect(news).toHaveLength(3));
      expect(failing.news).toEqual(news.slice(1));
    });

    test('nothing after it has closed its log', async () => {
      const [one, other] = await stage.two();
      const { sink, news } = recorder();
      const log = await one.open('lobby', sink);
      const second = recorder();
      const far = await other.open('lobby', second.sink);
      log.close();
      log.close();
      await far.commit(place('sfu-1'));
      await eventually(() => expect(second.news).toHaveLength(2));
      expect(news).toHaveLength(1);
    });
  });
}
