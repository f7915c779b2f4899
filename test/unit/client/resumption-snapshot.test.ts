import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JoinResult } from '../../../src/protocol/messages.js';
import {
  asStream,
  asTrack,
  FakeStream,
  FakeTrack,
  installFakeBrowser,
  newest,
  offerWith,
} from './fake-browser.js';
import { FakeRelay } from './fake-relay.js';
import { participant, track } from './participant.js';
import { pass, type Resumable, resumable, settle } from './resumable.js';

let restore: () => void;
beforeEach(() => {
  restore = installFakeBrowser();
  vi.useFakeTimers();
});
afterEach(() => restore());

const message = (id: string) => ({ id, kind: 'chat', data: { text: id }, at: 1 });
const before = (): Partial<JoinResult> => ({
  revision: 10,
  participants: [participant('ann', track('t1', 's1')), participant('bob'), participant('eve')],
  messages: [message('m1')],
});

/** A client that has missed too much: the relay sends this in place of it. */
async function missed(snapshot: Partial<JoinResult>, meanwhile: (base: Resumable) => unknown = () => {}) {
  const relay = new FakeRelay();
  relay.joinResult = before();
  const base = await resumable({}, relay);
  relay.cut();
  relay.snapshot = { revision: 20, ...snapshot };
  await meanwhile(base);
  await settle();
  expect(relay.faults).toEqual([]);
  return base;
}
const named = ({ heard }: Resumable, ...names: string[]) => heard.filter(({ name }) => names.includes(name));

describe('a snapshot in place of missed messages', () => {
  test('brings the list of participants up to date, and who has changed is told', async () => {
    const bob = { ...participant('bob'), metadata: { hand: true } };
    const base = await missed({
      participants: [participant('ann', track('t1', 's1')), bob, participant('dan')],
      audience: { count: 7 },
    });
    expect([...base.client.participants.keys()]).toEqual(['ann', 'bob', 'dan']);
    expect(base.client.audience).toEqual({ count: 7 });
    expect(
      base.of('participants').map((change) => {
        const { state, participant } = change as { state: string; participant: { sessionId: string } };
        return `${participant.sessionId} ${state}`;
      }),
    ).toEqual(['bob updated', 'dan joined', 'eve left']);
    expect(base.of('audience')).toEqual([{ count: 7 }]);
    expect(base.of('connection')[1]).toMatchObject({ state: 'resumed', snapshot: true });
    // The next change of the room follows on that.
    base.relay.notify('participants', { from: 20, revision: 21, left: ['dan'] });
    await settle();
    expect([...base.client.participants.keys()]).toEqual(['ann', 'bob']);
  });

  test('is silent about what has not changed', async () => {
    const base = await missed({});
    expect(base.heard.map(({ name }) => name)).toEqual(['connection', 'connection']);
  });

  test('may have a rest, which follows: nobody is taken for gone before that', async () => {
    const base = await missed({ participants: [participant('ann', track('t1', 's1'))] }, ({ relay }) => {
      const { notify } = relay;
      relay.afterResume = () => {
        notify.call(relay, 'participants', { from: 20, revision: 20, listed: [participant('bob')] });
      };
    });
    expect([...base.client.participants.keys()]).toEqual(['ann', 'bob']);
    expect(base.of('participants')).toMatchObject([
      { state: 'left', participant: { sessionId: 'eve' }, revision: 20 },
    ]);
  });

  test('has the tracks of who was there before: what has changed is told, and received media ends with its track', async () => {
    const relay = new FakeRelay();
    relay.joinResult = {
      revision: 10,
      participants: [participant('ann', track('t1', 's1'), track('t2', 's2'), track('t3', 's3'))],
    };
    const base = await resumable({}, relay);
    const sdp = offerWith(
      { mid: '1', streamId: 's1', trackId: 't1' },
      { mid: '2', streamId: 's2', trackId: 't2' },
    );
    relay.notify('offer', { type: 'offer', sdp });
    await settle();
    for (const n of ['1', '2']) {
      const media = new FakeTrack('video', `t${n}`);
      base.subscriber.bring(media, new FakeStream([media], `s${n}`), n);
    }
    await settle();
    expect(base.of('track')).toHaveLength(2);
    relay.cut();
    const muted = { ...track('t3', 's3'), muted: true };
    relay.snapshot = {
      revision: 20,
      participants: [participant('ann', track('t2', 's2'), muted, track('t4'))],
    };
    await settle();
    expect(base.of('tracks')).toMatchObject([
      {
        state: 'removed',
        sessionId: 'ann',
        userId: 'user of ann',
        revision: 20,
        tracks: [{ trackId: 't1' }],
      },
      { state: 'added', tracks: [{ trackId: 't4' }] },
      { state: 'updated', tracks: [{ trackId: 't3', muted: true }] },
    ]);
    expect(base.of('trackended')).toMatchObject([{ trackId: 't1' }]);
    expect(base.client.tracks.map(({ trackId }) => trackId)).toEqual(['t2']);
  });

  test('has the messages of the history; those that were emitted before are not emitted again', async () => {
    const base = await missed({ messages: ['m1', 'm2', 'm3'].map(message) });
    expect(base.of('chat')).toEqual(['m2', 'm3'].map(message));
  });

  test('has the grants, the lock and the mutes of this client', async () => {
    const relay = new FakeRelay();
    relay.joinResult = { revision: 10, muted: ['camera'] };
    const base = await resumable({}, relay);
    const streams = ['camera', 'screen'].map((id) => new FakeStream([new FakeTrack('video', id)], id));
    for (const stream of streams) {
      const publishing = base.client.publish(asStream(stream));
      await settle();
      await publishing;
    }
    relay.cut();
    relay.snapshot = { grants: { canPublish: true }, role: 'publisher', locked: true, muted: ['screen'] };
    await settle();
    expect(named(base, 'grants', 'room', 'mute')).toEqual([
      { name: 'grants', args: [{ grants: { canPublish: true }, role: 'publisher' }] },
      { name: 'room', args: [{ locked: true }] },
      { name: 'mute', args: [{ trackId: 'camera', muted: false }] },
      { name: 'mute', args: [{ trackId: 'screen', muted: true }] },
    ]);
    expect(base.client.session).toMatchObject({
      grants: { canPublish: true },
      locked: true,
      muted: ['screen'],
    });
    const sent = base.publisher.transceivers.map(({ active, stopped }) => ({ active, stopped }));
    // The camera is sent again in another section.
    expect(sent).toEqual([
      { active: true, stopped: true },
      { active: false, stopped: false },
      { active: true, stopped: false },
    ]);
    // A later snapshot compares with this one.
    base.heard.length = 0;
    relay.cut();
    relay.snapshot = { grants: { canPublish: true }, locked: true, muted: [] };
    await settle();
    expect(named(base, 'grants', 'room', 'mute')).toEqual([
      { name: 'mute', args: [{ trackId: 'screen', muted: false }] },
    ]);
  });

  test('is followed by the messages that it does not stand for, and by those of the client', async () => {
    const base = await missed({}, ({ relay, client }) => {
      relay.notify('message', message('dropped'));
      relay.notify('expiring', { expiresInMs: 60_000 });
      void client.chat('hello');
    });
    expect(base.of('chat')).toEqual([]);
    expect(base.of('connection')[1]).toMatchObject({ snapshot: true, kept: { sent: 1 } });
    base.relay.cut();
    await settle();
    expect(base.relay.resumes.map(({ received }) => received)).toEqual([1, 4]);
    expect([base.relay.methods(), base.relay.faults]).toEqual([['join', 'message'], []]);
  });

  test('that is nonsense is not taken over: the client attempts again', async () => {
    const base = await missed({ participants: 7 } as never);
    expect(base.of('connection')).toHaveLength(1);
    await pass(400);
    expect(base.of('connection')[1]).toMatchObject({ state: 'resumed', snapshot: false });
    expect([...base.client.participants.keys()]).toEqual(['ann', 'bob', 'eve']);
  });
});

test('a mute is remembered, and so is its end', async () => {
  const base = await resumable();
  const camera = new FakeTrack('video', 'camera');
  const publishing = base.client.publish(asStream(new FakeStream([camera], 'home')));
  await settle();
  await publishing;
  base.relay.notify('mute', { trackId: 'camera', muted: true });
  await settle();
  expect(base.client.session?.muted).toEqual(['camera']);
  base.relay.notify('mute', { trackId: 'camera', muted: false });
  await settle();
  expect(base.client.session?.muted).toEqual([]);
  expect(newest(base.publisher.transceivers).track).toBe(asTrack(camera));
});
