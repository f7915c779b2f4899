import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect } from '../../../src/client/index.js';
import { FakeSocket, installFakeBrowser, on } from './fake-browser.js';
import { FakeRelay } from './fake-relay.js';
import { connectedTo, pass, resumable, settle } from './resumable.js';

let restore: () => void;
let page: EventTarget;
let stored: Map<string, string>;

beforeEach(() => {
  restore = installFakeBrowser();
  page = new EventTarget();
  stored = new Map();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  vi.useFakeTimers();
});
afterEach(() => restore());

/** The page is closed, reloaded or left; or, if `persisted`, perhaps shown again. */
async function hide({ relay }: { relay: FakeRelay }, persisted = false): Promise<void> {
  on(page, 'pagehide', { persisted });
  await settle();
  relay.cut();
}
const across = { resumeAcrossReloads: true };

describe('the end of the page', () => {
  test('ends the session at once', async () => {
    const base = await resumable();
    await hide(base);
    expect([base.relay.methods(), base.relay.isJoined, stored.size]).toEqual([['join', 'leave'], false, 0]);
  });

  test('that may be shown again does not: it resumes the session then', async () => {
    const base = await resumable();
    base.relay.isReachable = false;
    await hide(base, true);
    await pass(20_000);
    base.relay.isReachable = true;
    on(page, 'pageshow', { persisted: true });
    await settle();
    expect([base.relay.methods(), base.of('connection')]).toMatchObject([
      ['join'],
      [{ state: 'interrupted' }, { state: 'resumed' }],
    ]);
  });

  test('concerns nobody before a join and after leave()', async () => {
    const relay = new FakeRelay();
    const base = await connectedTo(relay);
    expect(getEventListeners(page, 'pagehide')).toEqual([]);
    const joining = base.client.join({ roomId: 'lobby' });
    await settle();
    await joining;
    expect(getEventListeners(page, 'pagehide')).toHaveLength(1);
    await base.client.leave();
    expect(getEventListeners(page, 'pagehide')).toEqual([]);
  });

  test('while the connection is lost breaks nothing', async () => {
    const base = await resumable();
    base.relay.isReachable = false;
    base.relay.cut();
    on(page, 'pagehide', { persisted: false });
    await settle();
    expect(base.of('error')).toEqual([]);
  });
});

describe('with "resumeAcrossReloads", a reload', () => {
  test('takes the session over: its next join replaces that of the page before', async () => {
    const base = await resumable(across);
    base.relay.cut();
    await settle();
    await hide(base);
    expect(base.relay.methods()).toEqual(['join']);
    // Not by 1001 or 1000, which would end it.
    expect(FakeSocket.all.map(({ closedWith }) => closedWith)).toEqual([undefined, 1005]);
    expect(base.relay.isJoined).toBe(true);
    const again = await resumable(across, base.relay);
    expect(base.relay.joins[1]).toMatchObject({
      replaces: { sessionId: 'session 1', sessionToken: 'token 1.1' },
    });
    await again.client.leave();
    const joining = again.client.join({ roomId: 'lobby' });
    await settle();
    await joining;
    expect(base.relay.joins[2]).not.toHaveProperty('replaces');
  });

  test('leaves nothing in the storage, which the browser would copy to a duplicate of the tab', async () => {
    const base = await resumable(across);
    await hide(base);
    expect([...stored.keys()]).toEqual(['sfu-relay ws://relay.test/rtc']);
    await connectedTo(base.relay, across);
    expect(stored.size).toBe(0);
  });

  test('may need several attempts to connect and to join', async () => {
    const base = await resumable(across);
    await hide(base);
    base.relay.isReachable = false;
    await expect(connect('ws://relay.test/rtc', across)).rejects.toMatchObject({
      code: 'ERR_CLIENT_CONNECT',
    });
    base.relay.isReachable = true;
    const { client } = await connectedTo(base.relay, across);
    base.relay.joinRefusal = { code: 'ERR_RELAY_ROOM_LOCKED' };
    await expect(client.join({ roomId: 'lobby' })).rejects.toMatchObject({ code: 'ERR_RELAY_ROOM_LOCKED' });
    await client.join({ roomId: 'lobby' });
    expect(base.relay.joins.slice(1).map(({ replaces }) => replaces?.sessionId)).toEqual([
      'session 1',
      'session 1',
    ]);
  });

  test('as another user joins beside the session, as it may not replace it', async () => {
    const base = await resumable(across);
    await hide(base);
    const { client } = await connectedTo(base.relay, across);
    base.relay.joinRefusal = { code: 'ERR_RELAY_FORBIDDEN' };
    await client.join({ roomId: 'lobby' });
    expect(base.relay.joins.slice(1).map(({ replaces }) => replaces?.sessionId)).toEqual([
      'session 1',
      undefined,
    ]);
    expect(client.state).toBe('joined');
  });

  test('of a page with two clients keeps one session, and ends the other', async () => {
    const [one, other] = [await resumable(across), await resumable(across)];
    on(page, 'pagehide', { persisted: false });
    await settle();
    expect([one.relay.methods(), other.relay.methods()]).toEqual([['join'], ['join', 'leave']]);
  });

  test('does the same as any where the browser forbids the storage, or has nonsense in it', async () => {
    const base = await resumable(across);
    vi.stubGlobal('sessionStorage', undefined);
    await hide(base);
    expect(base.relay.methods()).toEqual(['join', 'leave']);
    const get = vi.fn(() => '{"sessionId":7}');
    vi.stubGlobal('sessionStorage', { getItem: get, removeItem: () => {} });
    await resumable(across, base.relay);
    expect(get).toHaveBeenCalled();
    expect(base.relay.joins[1]).not.toHaveProperty('replaces');
  });

  test('does not concern a client without the option', async () => {
    const base = await resumable(across);
    await hide(base);
    await resumable({}, base.relay);
    expect([base.relay.joins[1].replaces, stored.size]).toEqual([undefined, 1]);
  });
});

test('a URL with a secret in its query is stored without that', async () => {
  const relay = new FakeRelay();
  const client = await connect('ws://relay.test/rtc?token=secret#x', { ...across, statsIntervalMs: 0 });
  await client.join({ roomId: 'lobby' });
  await hide({ relay });
  expect([...stored.keys()]).toEqual(['sfu-relay ws://relay.test/rtc']);
  expect(FakeSocket.all[0]?.url).toContain('secret');
  client.close();
});
