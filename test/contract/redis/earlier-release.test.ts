import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { describeReal } from '../../support/real.js';
import { notesOf, type Peer, RedisStage, seat, seatsOf } from './stage.js';

/** What the first release wrote, recorded: its process is `old`, and has the room open. */
const CARD = '{"processId":"old","format":1,"version":"0.1.0","nodes":[]}';
const ROOM = {
  ...{ e: 'epoch-1', r: '2', q: '2', n: 'feed-1.2', 'f:generation': '1', 'f:node': '"sfu-1:5551"' },
  ...{ 'p:old': '1', 'o:old': 'feed-1 2', 'm:audience:old': '3' },
  'm:seats:of-old': 'old {"userId":"ada","processId":"old","isNamed":true,"hidden":false,"moderates":false}',
};
const MUTE = '3 {"o":"feed-1_3","b":"old","c":{"m":{"mutedTracks":[["camera","camera"]]}}}';
const NOTE =
  '3 {"o":"feed-1_4","b":"old","s":"of-old","a":{"message":{"id":"hello","kind":"note","data":{},"at":0}}}';

describeReal(['redis'], 'a process beside one of the first release', () => {
  let stage: RedisStage;
  let peer: Peer;
  const room = () => `${stage.prefix}:{r:lobby}`;
  /** As the first release does after a change, or an entry. */
  const write = async (stream: 'l' | 'm', seq: number, line: string) => {
    await stage.redis('HSET', `${room()}:s`, 'q', String(seq), 'r', '3', 'n', `feed-1.${seq}`);
    await stage.redis('XADD', `${room()}:${stream}`, `${seq}-1`, 'l', line);
    const epoch = (await stage.redis('HGET', `${room()}:s`, 'e')) as string;
    await stage.redis('PUBLISH', `${room()}:c`, `${epoch} ${seq} feed-1.${seq}\n${line}`);
  };

  beforeEach(async () => {
    stage = await RedisStage.start();
    await stage.redis('SET', `${stage.prefix}:{p:old}`, `1 ${CARD}`);
    await stage.redis('SADD', `${stage.prefix}:{d}:processes`, 'old');
    await stage.redis('HSET', `${room()}:s`, ...Object.entries(ROOM).flat());
    peer = await stage.peer('new');
  });
  afterEach(() => stage.stop());

  test('knows its rooms, its seats and its card', async () => {
    expect(peer.log.state).toMatchObject({ node: 'sfu-1:5551', generation: 1 });
    expect(seatsOf(peer)).toEqual(['of-old']);
    expect(peer.log.state.audience).toEqual(new Map([['old', 3]]));
    await eventually(() => expect(peer.backplane.processes()).toContainEqual(JSON.parse(CARD)));
  });

  test('hears of its changes and messages', async () => {
    await write('l', 3, MUTE);
    await eventually(() => expect(peer.log.state.mutedTracks).toEqual(new Map([['camera', 'camera']])));
    await write('m', 4, NOTE);
    await eventually(() => expect(notesOf(peer)).toEqual(['hello']));
  });

  test('writes what it reads: the same fields, and lines of the same form', async () => {
    await peer.log.commit(seat('of-new'));
    const [[, [, line]]] = (await stage.redis('XRANGE', `${room()}:l`, '-', '+')) as [
      [string, [string, string]],
    ];
    expect(line).toMatch(
      /^3 \{"o":"[^"]+","b":"new","c":\{"m":\{"seats":\[\["of-new",\{"userId":"user of of-new"\}\]\]\}\}\}$/,
    );
    expect(await stage.redis('HMGET', `${room()}:s`, 'r', 'q', 'm:seats:of-new', 'm:seats:of-old')).toEqual([
      '3',
      '3',
      'new {"userId":"user of of-new"}',
      ROOM['m:seats:of-old'],
    ]);
  });
});
