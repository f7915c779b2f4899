import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fakeOffer } from '../../src/testing/index.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { ClusterStage, chatOf, type Member, roster, say } from './cluster-stage.js';
import type { RelayProcess } from './relay-process.js';

const ROOM = 'lobby';
const RESUMING = { capabilities: ['resume', 'rejoin'] };
const WAIT = { timeoutMs: 20_000, intervalMs: 20 };
/** ms that Redis takes to answer the slow process, and to hear it: a hand-over takes long enough to be interrupted. */
const SLOW_MS = 50;

const trackOf = (user: string, peer: number) =>
  ({ kind: 'video', streamId: `of-${user}`, trackId: `${user}-${peer}` }) as const;

/** A client that a relay is about to take from another one. */
interface Moving {
  readonly member: Member;
  /** Its connection to the relay that takes it. */
  readonly client: Member['client'];
  readonly sessionToken: string;
}

/** Somebody who has joined in the place of a session of its own. */
type Returning = Member & { readonly replaces: string };

describeReal(['ion', 'redis'], 'a session whose client has come to another process', () => {
  const stage = new ClusterStage();
  let proxy: TcpProxy;
  beforeAll(() => stage.setUp());
  beforeEach(async () => {
    await stage.begin();
    proxy = await TcpProxy.start(stage.redis.port);
  });
  afterEach(async () => {
    await stage.clear();
    await proxy.stop();
  });
  afterAll(() => stage.tearDown());

  /** Three relays, of which this one is slow, somebody in the third who sees everything, and three publishers in the first. */
  const begin = async (slow: 0 | 1) => {
    const relays = await stage.relays(3, {}, (n) => (n === slow ? { redis: proxy.url } : {}));
    const witness = await stage.join(relays[2], ROOM, 'witness', RESUMING);
    const users = ['claimed', 'resumed', 'rejoined'] as const;
    const members: Member[] = [];
    for (const user of users)
      members.push(await stage.join(relays[0], ROOM, user, { ...RESUMING, tracks: [trackOf(user, 1)] }));
    await until('the witness sees them', () => `${roster(witness)}` === `${[...users].sort()}`, WAIT);
    proxy.delayMs = SLOW_MS;
    const [claimed, resumed, rejoined] = members as [Member, Member, Member];
    return { relays, witness, claimed, resumed, rejoined, seen: witness.client.received.length };
  };

  const resume = async (member: Member, relay: RelayProcess): Promise<Moving> => {
    const { again, answer } = await stage.resume(member, relay);
    if (!answer.result) throw new Error(answer.error?.message);
    await again.next(({ method }) => method === 'rejoin');
    return { member, client: again, sessionToken: String(answer.result.sessionToken) };
  };
  const rejoin = ({ member, client }: Moving, peer: number) => {
    const offer = { type: 'offer', sdp: fakeOffer([trackOf(member.user, peer)]) };
    return client.request('rejoin', { peer, offer });
  };
  const joinAgain = async (
    { user, sessionId }: Member,
    sessionToken: string,
    relay: RelayProcess,
  ): Promise<Returning> => ({
    ...(await stage.join(relay, ROOM, user, {
      ...RESUMING,
      tracks: [trackOf(user, 9)],
      replaces: { sessionId, sessionToken },
    })),
    replaces: sessionId,
  });

  const seats = async () => {
    const fields = (await stage.contents([`sfu-relay:{r:${ROOM}}:s`]))[`sfu-relay:{r:${ROOM}}:s`];
    const entries = Object.entries(fields as Record<string, string>);
    return new Map(
      entries.flatMap(([field, value]) =>
        field.startsWith('m:seats:') ? [[field.slice(8), value.split(' ')[0] as string]] : [],
      ),
    );
  };
  /** Begins to resume, and resolves as soon as the other process has the seat; the client knows nothing of that. */
  const claim = async (member: Member, relay: RelayProcess): Promise<void> => {
    const before = (await seats()).get(member.sessionId);
    stage.resume(member, relay).catch(() => {});
    await until('the other one has its seat', async () => (await seats()).get(member.sessionId) !== before, {
      ...WAIT,
      intervalMs: 1,
    });
  };

  /** Users whose going or coming the witness was told of, but for that of one who has come back in the place of itself. */
  const disturbed = ({ client }: Member, since: number, again: readonly Returning[]): string[] => {
    const told = client.received.slice(since).flatMap(({ method, params = {} }) => {
      if (method !== 'participants') return [];
      const joined = ((params.joined ?? []) as { sessionId: string }[]).map(
        ({ sessionId }) => `+${sessionId}`,
      );
      return [...((params.left ?? []) as string[]).map((sessionId) => `-${sessionId}`), ...joined];
    });
    const pairs = again.map(({ sessionId, replaces }) => [`-${replaces}`, `+${sessionId}`]);
    // Neighbours: nobody hears of anything between them.
    const isPaired = (each: string, n: number) =>
      pairs.some(
        (pair) =>
          pair.includes(each) && [told[n - 1], told[n + 1]].some((other) => pair.includes(other ?? '')),
      );
    return told.filter((each, n) => !isPaired(each, n));
  };
  /** The room's seats, its peers on Ion, and what the witness sees, are those who are there, once each. */
  const onlyThere = async (members: readonly Member[]) => {
    const sessions = members.map(({ sessionId }) => sessionId).sort();
    const users = members.map(({ user }) => user).filter((user) => user !== 'witness');
    const [witness] = members as [Member];
    await until(
      'nobody else has a seat',
      async () => `${[...(await seats()).keys()].sort()}` === `${sessions}`,
      WAIT,
    );
    const peers = () =>
      stage.ions.peers.flatMap((uid) => (uid.startsWith(`${ROOM}/`) ? [uid.split('/')[2]] : []));
    await until('nobody else is on the node', () => `${peers().sort()}` === `${sessions}`, WAIT);
    expect(roster(witness)).toEqual(users.sort());
  };

  test('joins in its place where that process is killed, whatever it was about to do; nobody sees it leave', async () => {
    const { relays, witness, seen, ...members } = await begin(1);
    const [holder, dying, third] = relays;
    const [resumed, rejoined] = await Promise.all([
      resume(members.resumed, dying),
      resume(members.rejoined, dying),
    ]);
    expect((await rejoin(rejoined, 2)).result).toMatchObject({ peer: 2 });
    await claim(members.claimed, dying);
    dying.signal('SIGKILL');

    const again: Returning[] = [];
    for (const [member, token] of [
      [members.claimed, members.claimed.sessionToken],
      [members.resumed, resumed.sessionToken],
      [members.rejoined, rejoined.sessionToken],
    ] as const) {
      const { answer } = await stage.resume({ ...member, sessionToken: token }, holder);
      expect(answer.error?.data?.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
      again.push(await joinAgain(member, token, third));
    }
    await onlyThere([witness, ...again]);
    expect(disturbed(witness, seen, again)).toEqual([]);
    for (const member of again) {
      expect(await say(member, `from ${member.user}`)).toHaveProperty('result');
      await until('it is heard', () => chatOf(witness).includes(`from ${member.user}`), WAIT);
    }
  }, 60_000);

  test('goes on there where the process that had it is killed: those who were taken before that, without joining again', async () => {
    const { relays, witness, seen, ...members } = await begin(0);
    const [dying, taker] = relays;
    const [resumed, rejoined] = await Promise.all([
      resume(members.resumed, taker),
      resume(members.rejoined, taker),
    ]);
    expect((await rejoin(rejoined, 2)).result).toMatchObject({ peer: 2 });
    await claim(members.claimed, taker);
    dying.signal('SIGKILL');

    expect((await rejoin(resumed, 2)).result).toMatchObject({ peer: 2 });
    const { answer } = await stage.resume(members.claimed, taker);
    expect(answer.error?.data?.code).toBe('ERR_RELAY_SESSION_NOT_FOUND');
    const again = await joinAgain(members.claimed, members.claimed.sessionToken, taker);
    const gone = [resumed, rejoined].map(({ member, client }) => ({ ...member, client }));
    await onlyThere([witness, again, ...gone]);
    expect(disturbed(witness, seen, [again])).toEqual([]);
    for (const member of [again, ...gone]) {
      expect(await say(member, `from ${member.user}`)).toHaveProperty('result');
      await until('it is heard', () => chatOf(witness).includes(`from ${member.user}`), WAIT);
    }
  }, 60_000);
});
