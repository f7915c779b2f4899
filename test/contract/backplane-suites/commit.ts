import { describe, expect, test } from 'vitest';
import type { RoomFields } from '../../../src/backplane/backplane.js';
import { RelayError } from '../../../src/protocol/errors.js';
import { eventually } from '../../support/eventually.js';
import { type BackplaneStage, note, place, recorder, silent } from './stage.js';

const refusal = new RelayError('ERR_RELAY_FORBIDDEN', 'No.');

const codeOf = ({ refused }: { refused?: RelayError }) => refused?.code;

/** What changes a room, and what does not. */
export function commitSuite(stage: BackplaneStage): void {
  describe('changes a room', () => {
    test('by what is proposed on the newest state, however many processes propose at once', async () => {
      const processes = await Promise.all([1, 2, 3, 4].map(() => stage.process()));
      const readers = await Promise.all(
        processes.map(async (each) => {
          const { sink, news } = recorder();
          return { log: await each.open('lobby', sink), news };
        }),
      );
      const count = ({ generation }: RoomFields) => ({ generation: generation + 1 });
      const outcomes = await Promise.all(
        readers.flatMap(({ log }) => Array.from({ length: 25 }, () => log.commit(count))),
      );
      expect(new Set(outcomes.map((outcome) => 'revision' in outcome && outcome.revision)).size).toBe(100);
      const changes = Array.from({ length: 100 }, (_, n) => ({
        change: { generation: n + 1 },
        revision: n + 1,
      }));
      for (const { news } of readers) await eventually(() => expect(news.slice(1)).toEqual(changes));
    });

    test('by a proposal that runs again, where the room has changed meanwhile', async () => {
      const [one, other] = await stage.two();
      const log = await one.open('lobby', silent);
      const far = await other.open('lobby', silent);
      const seen: number[] = [];
      let theirs: unknown;
      const outcome = await log.commit((state) => {
        seen.push(state.generation);
        theirs ??= far.commit(place('sfu-1'));
        return place('sfu-2')(state);
      });
      await theirs;
      await eventually(() => expect([log.state.generation, far.state.generation]).toEqual([2, 2]));
      // Who was second has seen the change of the first.
      expect(outcome).toMatchObject(
        log.state.node === 'sfu-2' ? { revision: 2, change: { generation: 2 } } : { revision: 1 },
      );
      expect(seen.at(-1)).toBe(log.state.node === 'sfu-2' ? 1 : 0);
    });

    test('field by field: what a change does not name stays', async () => {
      const log = await (await stage.process()).open('lobby', silent);
      await log.commit(place('sfu-1'));
      const tracks = ['a', 'b'].map((id) => [id, id] as const);
      await log.commit(() => ({ locked: true, mutedTracks: new Map(tracks) }));
      await log.commit(() => ({
        mutedTracks: new Map([
          ['a', undefined],
          ['c', 'b'],
        ]),
      }));
      expect(log.state.mutedTracks).toEqual(
        new Map([
          ['b', 'b'],
          ['c', 'b'],
        ]),
      );
      expect(log.state).toMatchObject({ node: 'sfu-1', generation: 1, locked: true });
      await log.commit(() => ({ locked: undefined, mutedTracks: undefined }));
      expect([log.state.locked, log.state.mutedTracks, log.state.node]).toEqual([
        undefined,
        undefined,
        'sfu-1',
      ]);
    });

    test('once, where the same operation is committed again', async () => {
      const log = await (await stage.process()).open('lobby', silent);
      const first = await log.commit(place('sfu-1'), 7);
      expect(await log.commit(place('sfu-1'), 7)).toEqual(first);
      expect(log.state.generation).toBe(1);
      expect(await log.commit(place('sfu-1'), 8)).toMatchObject({ revision: 2 });
    });

    test('by an operation that was refused before', async () => {
      const log = await (await stage.process()).open('lobby', silent);
      await log.commit(() => ({ refused: refusal }), 7);
      expect(await log.commit(place('sfu-1'), 7)).toMatchObject({ revision: 1 });
    });
  });

  test('tells a room what the server says, which needs no seat', async () => {
    const [one, other] = await stage.two();
    const log = await one.open('lobby', silent);
    const { sink, news } = recorder();
    await other.open('lobby', sink);
    expect(codeOf(await log.append(undefined, note('welcome')))).toBeUndefined();
    await eventually(() => expect(news.slice(1)).toEqual([{ sessionId: undefined, entry: note('welcome') }]));
  });

  describe('changes nothing', () => {
    test.each([
      ['a proposal that refuses', () => ({ refused: refusal })],
      ['an empty change', () => ({})],
      ['a change of no entries', () => ({ mutedTracks: new Map() })],
    ])('by %s', async (_, propose) => {
      const { sink, news } = recorder();
      const log = await (await stage.process()).open('lobby', sink);
      await log.commit(place('sfu-1'));
      const outcome = await log.commit(propose);
      expect(outcome).toEqual(
        'refused' in propose() ? { refused: refusal } : { revision: 1, change: propose() },
      );
      expect(await log.commit(place('sfu-2'))).toMatchObject({ revision: 2 });
      expect(news).toHaveLength(3);
    });

    test('by a proposal that fails: the caller gets its error', async () => {
      const log = await (await stage.process()).open('lobby', silent);
      const commit = async () =>
        log.commit(() => {
          throw new Error('no proposal');
        });
      await expect(commit()).rejects.toThrow('no proposal');
      expect(await log.commit(place('sfu-1'))).toMatchObject({ revision: 1 });
    });

    test('after the end of the room', async () => {
      const [one, other] = await stage.two();
      const log = await one.open('lobby', silent);
      const far = await other.open('lobby', silent);
      await log.commit(() => ({ seats: new Map([['session-a', { userId: 'alice' }]]) }));
      await log.commit(() => ({ end: 'The lesson is over.' }));
      const late = await far.commit(place('sfu-1'));
      expect(late).toMatchObject({
        refused: { code: 'ERR_RELAY_ROOM_ENDED', message: 'The lesson is over.' },
      });
      expect(codeOf(await log.append('session-a', note('too late')))).toBe('ERR_RELAY_ROOM_ENDED');
      expect(log.state.node).toBeUndefined();
    });

    test('by a session that has no seat, or none any more', async () => {
      const { sink, news } = recorder();
      const log = await (await stage.process()).open('lobby', sink);
      expect(codeOf(await log.append('session-a', note('early')))).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      await log.commit(() => ({ seats: new Map([['session-a', { userId: 'alice' }]]) }));
      expect(codeOf(await log.append('session-a', note('in time')))).toBeUndefined();
      await log.commit(() => ({ seats: new Map([['session-a', undefined]]) }));
      expect(codeOf(await log.append('session-a', note('late')))).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      const told = news.filter((each) => 'entry' in (each as object));
      expect(told).toEqual([{ sessionId: 'session-a', entry: note('in time') }]);
    });

    test('by a message that is appended again, by the same operation', async () => {
      const { sink, news } = recorder();
      const log = await (await stage.process()).open('lobby', sink);
      await log.commit(() => ({ seats: new Map([['session-a', { userId: 'alice' }]]) }));
      for (let n = 0; n < 3; n += 1) await log.append('session-a', note('a gift'), 1);
      await log.append('session-a', note('another'), 2);
      expect(news.filter((each) => 'entry' in (each as object))).toHaveLength(2);
    });

    test('by a log that was closed', async () => {
      const [one, other] = await stage.two();
      const log = await one.open('lobby', silent);
      const far = await other.open('lobby', silent);
      log.close();
      expect(codeOf(await log.commit(place('sfu-1')))).toBe('ERR_RELAY_CLOSED');
      expect(codeOf(await log.append('session-a', note('late')))).toBe('ERR_RELAY_CLOSED');
      expect(await far.commit(place('sfu-2'))).toMatchObject({ revision: 1 });
    });
  });

  test('forgets a room that no process has open any more', async () => {
    const [one, other] = await stage.two();
    const log = await one.open('lobby', silent);
    const far = await other.open('lobby', silent);
    await log.commit(() => ({ end: 'The lesson is over.' }));
    log.close();
    await eventually(() => expect(far.state.end).toBe('The lesson is over.'));
    far.close();
    await eventually(async () => {
      const again = await one.open('lobby', silent);
      const outcome = await again.commit(place('sfu-1'));
      again.close();
      expect(outcome).toMatchObject({ revision: 1 });
    });
  });
}
