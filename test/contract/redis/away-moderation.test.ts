import { afterEach, beforeEach, expect, test } from 'vitest';
import { RelayError, type Session, type SfuRelay } from '../../../src/index.js';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { CAMERA, heardBy, join, seenBy } from '../shared-suites/stage.js';
import { AwayStage, say } from './away-stage.js';

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ok',
    (error: unknown) => RelayError.from(error).code,
  );

function endOf(session: Session): Promise<string | undefined> {
  return new Promise((resolve) => session.once('close', ({ error }) => resolve(error?.code)));
}

describeReal(['redis'], 'moderation while Redis is away', () => {
  let stage: AwayStage;
  let relays: [SfuRelay, SfuRelay];
  let alice: Session;
  let carol: Session;
  beforeEach(async () => {
    stage = await AwayStage.start();
    relays = stage.two();
    alice = await join(relays[0], 'alice');
    carol = await join(relays[1], 'carol');
    await eventually(() => expect(alice.room.size).toBe(2));
  });
  afterEach(() => stage.stop());

  test.each([
    ['empty', () => stage.kill(), () => stage.startAgain()],
    ['with what it had', () => stage.freeze(), () => stage.goOn()],
  ])('mutes at once, and everywhere when it is back %s', async (_, go, come) => {
    const [bob, dave] = [
      await join(relays[0], 'bob', {}, [CAMERA]),
      await join(relays[1], 'dave', {}, [{ ...CAMERA, trackId: 'window' }]),
    ];
    await eventually(() => expect(seenBy(alice)).toMatchObject({ bob: ['camera'], dave: ['window'] }));
    await go();
    await alice.room.mute({ trackId: 'camera' });
    expect(bob.cutTracks).toEqual(['camera']);
    expect(seenBy(alice)).toMatchObject({ bob: ['camera (muted)'] });
    await alice.room.mute({ userId: 'dave', kind: 'video' });
    expect(dave.cutTracks).toEqual([]);
    await come();
    await eventually(() => expect(dave.cutTracks).toEqual(['window']));
    await eventually(() => expect(seenBy(carol)).toMatchObject({ bob: ['camera (muted)'] }));
    await carol.room.unmute({ trackId: 'camera' });
    await eventually(() => expect(bob.cutTracks).toEqual([]));
  });

  test('kicks and bans here at once, and everywhere later', async () => {
    const [bob, bobElsewhere] = [await join(relays[0], 'bob'), await join(relays[1], 'bob')];
    const [eve, eveElsewhere] = [await join(relays[0], 'eve'), await join(relays[1], 'eve')];
    await eventually(() => expect(alice.room.size).toBe(6));
    const heard = [alice, carol].map(heardBy);
    await stage.kill();
    const ends = [bob, eve].map(endOf);
    await say(bob, 'last words');
    await Promise.all([alice.room.kick('bob'), alice.room.ban('eve'), alice.room.ban('frank')]);
    expect(await Promise.all(ends)).toEqual(['ERR_RELAY_REMOVED', 'ERR_RELAY_REMOVED']);
    expect([bobElsewhere.state, eveElsewhere.state]).toEqual(['joined', 'joined']);
    expect(await codeOf(alice.room.unban('frank'))).toBe('ERR_RELAY_UNAVAILABLE');
    const later = [bobElsewhere, eveElsewhere].map(endOf);
    const unbanned = stage.whenBack(0, () => alice.room.unban('frank'));
    await stage.startAgain();
    await unbanned;
    expect(await Promise.all(later)).toEqual(['ERR_RELAY_REMOVED', 'ERR_RELAY_REMOVED']);
    await eventually(() => expect(heard).toEqual([['last words'], ['last words']]));
    for (const relay of relays) {
      expect(await codeOf(join(relay, 'eve'))).toBe('ERR_RELAY_REMOVED');
      expect(await codeOf(join(relay, 'bob'))).toBe('ok');
      expect(await codeOf(join(relay, 'frank'))).toBe('ok');
    }
    for (const each of [alice, carol])
      await eventually(() =>
        expect(Object.keys(seenBy(each)).sort()).toEqual(expect.arrayContaining(['bob', 'frank'])),
      );
  });

  test('locks, and changes grants; joins fail until it is back, and are refused then', async () => {
    const locked: unknown[] = [];
    alice.on('room', (change) => locked.push(change));
    await stage.kill();
    await alice.room.lock();
    await alice.room.unlock();
    await alice.room.lock();
    expect(alice.room.locked).toBe(true);
    expect(locked).toEqual([{ locked: true }, { locked: false }, { locked: true }]);
    await relays[0].updateGrants(alice.id, { canPublish: false });
    expect(alice.grants.canPublish).toBe(false);
    expect(await codeOf(join(relays[0], 'bob'))).toBe('ERR_RELAY_UNAVAILABLE');
    await stage.startAgain();
    await eventually(() => expect(carol.room.locked).toBe(true));
    for (const relay of relays) expect(await codeOf(join(relay, 'bob'))).toBe('ERR_RELAY_ROOM_LOCKED');
    expect(locked).toHaveLength(3);
  });

  test('does nothing in a room that is not open yet', async () => {
    await stage.cutOff(0);
    const joined = codeOf(join(relays[0], 'bob', { roomId: 'new' }));
    const { room } = await eventually(() => {
      const made = relays[0].rooms.get('new');
      expect(made).toBeDefined();
      return { room: made as Session['room'] };
    });
    expect(await codeOf(Promise.resolve(room.lock()))).toBe('ERR_RELAY_UNAVAILABLE');
    const sent = room.send({ kind: 'chat', data: { text: 'hello' } });
    expect(await codeOf(sent)).toBe('ERR_RELAY_UNAVAILABLE');
    await stage.reconnect(0);
    await stage.told(0);
    await joined;
    expect(await codeOf(join(relays[0], 'bob', { roomId: 'new' }))).toBe('ok');
  });

  test('ends rooms: at once for those who are here, later for the others', async () => {
    const [end, later] = [endOf(alice), endOf(carol)];
    await stage.kill();
    await alice.room.end({ reason: 'The lesson is over.' });
    expect(await end).toBe('ERR_RELAY_ROOM_ENDED');
    expect(carol.state).toBe('joined');
    await stage.startAgain();
    expect(await later).toBe('ERR_RELAY_ROOM_ENDED');
    await eventually(() => expect(relays.map(({ rooms }) => rooms.size)).toEqual([0, 0]));
  });

  test('does not end a later room of the same id', async () => {
    const { kin } = carol.room.log;
    await stage.cutOff(0);
    await alice.room.end();
    await carol.close();
    const dave = await eventually(async () => {
      const session = await join(relays[1], 'dave');
      if (session.room.log.kin !== kin) return session;
      await session.close();
      throw new Error('the process that is away is still taken for alive');
    });
    await stage.reconnect(0);
    await stage.told(0);
    await eventually(async () => expect(await codeOf(join(relays[0], 'erin'))).toBe('ok'));
    expect(dave.state).toBe('joined');
  });
});
