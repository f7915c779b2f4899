import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  anonymous,
  type Participant,
  type Session,
  SfuRelay,
  type SfuRelayOptions,
} from '../../../src/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';
import { counted } from '../../support/counted.js';
import { until } from '../../support/poll.js';

const HOUR_MS = 3_600_000;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function stage(options: Partial<SfuRelayOptions> = {}) {
  const sfu: ScriptedSfu = await startScriptedSfu();
  ends.push(() => sfu.stop());
  const relay = new SfuRelay({
    sfu: { serverUrl: sfu.address },
    authenticate: anonymous(),
    logger: false,
    ...options,
  });
  ends.push(() => relay.close());
  const join = (userId = 'ada', params: object = {}) =>
    relay.createSession({ roomId: 'lobby', userId, sdp: fakeOffer(), ...params });
  return { sfu, relay, join };
}

const detach = ({ presence }: Session, graceMs = HOUR_MS, onExpired = () => {}) =>
  presence.detach({ reason: 'The connection broke.', graceMs, onExpired });

/** The names of the session's events from now on, with what they say. */
function record(session: Session): [string, unknown][] {
  const heard: [string, unknown][] = [];
  for (const name of ['detached', 'attached', 'close'] as const)
    session.on(name, (event: unknown) => void heard.push([name, event]));
  return heard;
}

/** What one participant knows of another one from the newest event that names it. */
function watch(watcher: Session, of: Session): Participant[] {
  const seen: Participant[] = [];
  watcher.on('participants', ({ updated = [] }) => {
    for (const each of updated) if (each.sessionId === of.id) seen.push(each);
  });
  return seen;
}

describe('a detached session', () => {
  test('says so, and so do its events and hooks', async () => {
    const onInterrupted = vi.fn();
    const onResumed = vi.fn();
    const { relay, join } = await stage({ hooks: { onInterrupted, onResumed } });
    const session = await join();
    const heard = record(session);
    expect(session.connection).toBe('connected');
    detach(session);
    expect([session.connection, session.state]).toEqual(['detached', 'joined']);
    expect(onInterrupted.mock.calls).toMatchObject([
      [
        {
          session,
          cause: 'connection',
          error: { code: 'ERR_RELAY_ABORTED', message: 'The connection broke.' },
        },
      ],
    ]);
    expect(onResumed).not.toHaveBeenCalled();
    session.presence.attach('snapshot');
    expect(session.connection).toBe('connected');
    const [[{ interruptedMs }]] = onResumed.mock.calls as [[{ interruptedMs: number }]];
    expect(onResumed.mock.calls).toMatchObject([[{ session, cause: 'connection' }]]);
    expect(heard).toEqual([
      ['detached', { graceMs: HOUR_MS, reason: 'The connection broke.' }],
      ['attached', { detachedMs: interruptedMs }],
    ]);
    const { resumptions, detachedDurations, interruptions } = relay.counters;
    expect([counted(resumptions), detachedDurations.count]).toEqual([{ snapshot: 1 }, 1]);
    expect(counted(interruptions)).toEqual({});
  });

  test('is shown to the room as interrupted, later as restored; to one who joins meanwhile, too', async () => {
    const { join } = await stage();
    const [session, watcher] = [await join('ada'), await join('ben')];
    const seen = watch(watcher, session);
    detach(session);
    await until('the room is notified', () => seen.length > 0);
    expect(seen).toMatchObject([{ userId: 'ada', connection: 'interrupted' }]);
    const { participants } = watcher.room.members.snapshot(watcher.id, 10_000);
    expect(participants).toMatchObject([{ userId: 'ada', connection: 'interrupted' }]);
    session.presence.attach('resumed');
    await until('the room is notified again', () => seen.length > 1);
    expect(seen[1]).toMatchObject({ userId: 'ada', connection: 'restored' });
  });

  test('that is back at once is not mentioned to the room', async () => {
    const { join } = await stage({ participantsIntervalMs: 0 });
    const [session, watcher, control] = [await join('ada'), await join('ben'), await join('eve')];
    const seen = watch(watcher, session);
    const controlled = watch(watcher, control);
    detach(session);
    session.presence.attach('resumed');
    detach(control);
    await until('the room is notified of the other one', () => controlled.length > 0);
    session.update({ metadata: { name: 'Ada' } });
    expect(seen).toEqual([expect.not.objectContaining({ connection: expect.anything() })]);
  });

  test('that is hidden is never mentioned', async () => {
    const { join } = await stage();
    const hidden = await join('ada', { principal: { grants: { hidden: true, canPublish: false } } });
    const [watcher, control] = [await join('ben'), await join('eve')];
    const seen = watch(watcher, hidden);
    const controlled = watch(watcher, control);
    detach(hidden);
    detach(control);
    await until('the room is notified of the other one', () => controlled.length > 0);
    expect(seen).toEqual([]);
  });

  test('has no time to answer the offers of the SFU; with its next connection it has it again', async () => {
    const { join } = await stage({ answerTimeoutMs: 300 });
    const session = await join('ada');
    const offers = vi.fn();
    session.on('offer', offers);
    await until('it has an offer', () => offers.mock.calls.length > 0);
    detach(session);
    const control = await join('ben');
    control.on('offer', () => {});
    await until('the time has passed for one that is not detached', () => control.state !== 'joined');
    expect(session.state).toBe('joined');
    const ended = new Promise((resolve) => session.on('close', resolve));
    session.presence.attach('resumed');
    expect(await ended).toMatchObject({ by: 'relay', error: { code: 'ERR_RELAY_CLIENT_TIMEOUT' } });
  });

  test('has none for the offers to a peer that joins meanwhile, either', async () => {
    const { join } = await stage({ answerTimeoutMs: 300 });
    const session = await join('ada');
    const offered: unknown[] = [];
    session.on('offer', ({ peer = 1 }) => offered.push(peer));
    detach(session);
    await session.rejoin({ sdp: fakeOffer() });
    await until('the new peer has an offer', () => offered.includes(2));
    const control = await join('ben');
    control.on('offer', () => {});
    await until('the time has passed for one that is not detached', () => control.state !== 'joined');
    expect([session.state, session.peer]).toEqual(['joined', 2]);
    const ended = new Promise((resolve) => session.on('close', resolve));
    session.presence.attach('resumed');
    expect(await ended).toMatchObject({ error: { code: 'ERR_RELAY_CLIENT_TIMEOUT' } });
  });

  test('that nobody resumes expires', async () => {
    const onLeave = vi.fn();
    const onResumed = vi.fn();
    const { relay, join } = await stage({ hooks: { onLeave, onResumed } });
    const session = await join();
    const heard = record(session);
    detach(session, 50, () => void session.close({ by: 'client' }));
    await until('it has ended', () => session.state === 'closed');
    expect(heard.map(([name]) => name)).toEqual(['detached', 'close']);
    expect(session.connection).toBe('connected');
    expect([onLeave.mock.calls.length, onResumed.mock.calls.length]).toEqual([1, 0]);
    const { resumptions, detachedDurations } = relay.counters;
    expect([counted(resumptions), detachedDurations.count]).toEqual([{ expired: 1 }, 0]);
  });

  test.each<[string, (session: Session, relay: SfuRelay) => unknown]>([
    ['is kicked', (session) => session.room.kick(session.userId)],
    ['is in a room that ends', (session) => session.room.end()],
    ['belongs to a relay that closes', (_, relay) => relay.close()],
    ['is closed by the application', (session) => session.close()],
  ])('that %s has left, and never expires', async (_, end) => {
    const { relay, join } = await stage();
    const [session, control] = [await join('ada'), await join('ben', { roomId: 'attic' })];
    const expired = vi.fn();
    detach(session, 50, expired);
    await end(session, relay);
    await until('it has ended', () => session.state === 'closed');
    const isLate = new Promise<void>((resolve) => detach(control, 50, resolve));
    if (control.state === 'joined') await isLate;
    expect(expired).not.toHaveBeenCalled();
    expect(relay.counters.resumptions.get('left')).toBe(1);
  });

  test('makes room for another one of its user, but not for one that may not join for another reason', async () => {
    const { join } = await stage({ limits: { maxSessionsPerUser: 1, maxParticipantsPerRoom: 1 } });
    const [session] = [await join('ada'), await join('ben', { roomId: 'attic' })];
    detach(session);
    await expect(join('ada', { roomId: 'attic' })).rejects.toMatchObject({ code: 'ERR_RELAY_TOO_MANY' });
    expect([session.connection, session.state]).toEqual(['detached', 'joined']);
    await join('ada', { roomId: 'cellar' });
    await until('it has ended', () => session.state === 'closed');
  });

  test('that a listener of its event ends has no further event but its close', async () => {
    const { join } = await stage();
    const session = await join();
    const heard = record(session);
    session.on('detached', () => void session.close());
    detach(session);
    await until('it has ended', () => session.state === 'closed');
    expect(heard.map(([name]) => name)).toEqual(['detached', 'close']);
  });
});

test('a session that has lost its peer on the SFU, and its client the connection, has both hooks', async () => {
  const calls: string[] = [];
  const { sfu, join } = await stage({
    hooks: {
      onInterrupted: ({ cause }) => void calls.push(`interrupted: ${cause}`),
      onResumed: ({ cause }) => void calls.push(`resumed: ${cause}`),
    },
  });
  const session = await join();
  session.on('rejoin', () => {});
  detach(session);
  await sfu.stop();
  await until('the peer is lost', () => calls.length === 2);
  session.presence.attach('resumed');
  expect(calls).toEqual(['interrupted: connection', 'interrupted: sfu', 'resumed: connection']);
});
