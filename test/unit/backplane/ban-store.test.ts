import { describe, expect, test } from 'vitest';
import { MemoryBans } from '../../../src/backplane/ban-store.js';
import { anonymous, type BanStore, SfuRelay } from '../../../src/index.js';
import { fakeOffer, startScriptedSfu } from '../../../src/testing/index.js';

describe('the bans of a process', () => {
  test('are bounded a room: a further one is refused, and none is forgotten', () => {
    const bans = new MemoryBans();
    for (let n = 0; n < 1_000; n += 1) bans.set('r', { userId: `u${n}` });
    expect(() => bans.set('r', { userId: 'one more' })).toThrow(/Too many bans/);
    bans.set('r', { userId: 'u0', reason: 'again' });
    bans.set('other', { userId: 'one more' });
    expect(bans.find('r', 'u0')).toEqual({ userId: 'u0', reason: 'again' });
    expect(bans.find('r', 'u999')).toBeDefined();
  });

  test('make room when they run out or are lifted', () => {
    const bans = new MemoryBans();
    for (let n = 0; n < 1_000; n += 1) bans.set('r', { userId: `u${n}`, until: Date.now() - 1 });
    bans.set('r', { userId: 'one more' });
    expect(bans.find('r', 'u5')).toBeUndefined();
    bans.delete('r', 'one more');
    expect(bans.find('r', 'one more')).toBeUndefined();
  });
});

describe('a store of one’s own', () => {
  async function joinBy(store: Partial<BanStore>) {
    const sfu = await startScriptedSfu();
    const bans = { set() {}, delete() {}, find: () => undefined, ...store };
    const relay = new SfuRelay({
      sfu: { serverUrl: sfu.address, probeOnStart: false },
      authenticate: anonymous(),
      bans,
      joinTimeoutMs: 1_000,
    });
    const joining = relay.createSession({ roomId: 'r', userId: 'u', sdp: fakeOffer() });
    const code = await joining.then(
      () => 'joined',
      ({ code }) => code,
    );
    expect(sfu.received.length > 0).toBe(code === 'joined');
    await relay.close();
    await sfu.stop();
    return code;
  }

  test('may be asynchronous, and need not forget what has run out', async () => {
    expect(await joinBy({ find: async () => ({ userId: 'u' }) })).toBe('ERR_RELAY_REMOVED');
    expect(await joinBy({ find: async () => ({ userId: 'u', until: Date.now() - 1 }) })).toBe('joined');
  });

  test('that fails, or does not answer, lets nobody in', async () => {
    const fails = async () => {
      throw new Error('down');
    };
    expect(await joinBy({ find: fails })).toBe('ERR_RELAY_INTERNAL');
    expect(await joinBy({ find: () => new Promise(() => {}) })).toBe('ERR_RELAY_INTERNAL');
  });

  test('that does not answer is not waited for by a client that comes back, either', async () => {
    const sfu = await startScriptedSfu();
    let find: BanStore['find'] = () => undefined;
    const relay = new SfuRelay({
      ...{
        sfu: { serverUrl: sfu.address, probeOnStart: false },
        authenticate: anonymous(),
        hookTimeoutMs: 20,
      },
      bans: { set() {}, delete() {}, find: (...user) => find(...user) },
    });
    const session = await relay.createSession({ roomId: 'r', userId: 'u', sdp: fakeOffer() });
    find = () => new Promise(() => {});
    await expect(session.room.moderation.readmit(session)).rejects.toMatchObject({
      code: 'ERR_RELAY_INTERNAL',
      message: 'The application does not answer.',
      cause: { message: 'bans.find() has not answered within 20 ms ("hookTimeoutMs").' },
    });
    await relay.close();
    await sfu.stop();
  });
});

test.each<[string, unknown, RegExp]>([
  ['an empty object', {}, /"bans" needs find\(\), set\(\), delete\(\): write bans: \{/],
  ['a name', 'redis', /"bans" needs find\(\), set\(\), delete\(\)/],
  ['a Map', new Map(), /"bans" needs find\(\): /],
])('a store of bans that is %s is refused by the constructor', (_, bans, message) => {
  const options = { sfu: { serverUrl: '127.0.0.1:1' }, authenticate: anonymous(), bans: bans as BanStore };
  expect(() => new SfuRelay(options)).toThrow(
    expect.objectContaining({ code: 'ERR_RELAY_CONFIG', message: expect.stringMatching(message) }),
  );
});
