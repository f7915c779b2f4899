import { setTimeout as sleep } from 'node:timers/promises';
import { fakeAnswer } from '../../src/testing/index.js';
import { until } from '../support/poll.js';
import { ClusterStage, chatOf, type Member, roster, say } from './cluster-stage.js';
import type { RelayProcess } from './relay-process.js';

interface OutageOptions {
  awayMs: number;
  /** `killed`: it comes back empty. `silent`: it was stopped, and comes back with what it had. */
  fault: 'killed' | 'silent';
}

/** What was tried while Redis was away. */
type Attempt = 'ping' | 'chat' | 'join' | 'kick' | 'health';

export interface OutageReport {
  /** ms from the return of Redis until everybody knew who was there, newcomers included. */
  rosterMs: number;
  /** Users who have lost their sessions, or were told that somebody had left who was there. */
  disturbed: string[];
  /** The outcomes of each attempt: "ok", or codes. */
  outcomes: Record<Attempt, string[]>;
  /** The close code of the one who was kicked by the process that had both. */
  kicked: number;
  /** What each has heard of those who wrote after the return. */
  heard: string[];
  /** Who has not heard everything once, in order, that was written while Redis was away. */
  missed: string[];
}

const WAIT = { timeoutMs: 30_000, intervalMs: 20 };

/** Takes the Redis of three relays away, each of which has two people of one room. Of these of the first one, two more leave meanwhile. */
export async function outage({ awayMs, fault }: OutageOptions): Promise<OutageReport> {
  const stage = new ClusterStage();
  try {
    // The clients have no media.
    await stage.setUp({ iceTimeoutSeconds: 60 + (2 * awayMs) / 1_000 });
    await stage.begin();
    const relays = await stage.relays(3);
    const [first] = relays;
    const join = async (relay: RelayProcess, user: string) => {
      const member = await stage.join(relay, 'lobby', user);
      answerOffers(member);
      return member;
    };
    const host = await join(first, 'host');
    const stay = [host];
    for (const [n, relay] of [first, ...relays.slice(1), ...relays.slice(1)].entries())
      stay.push(await join(relay, `user-${n}`));
    const [leaver, noisy] = [await join(first, 'leaver'), await join(first, 'noisy')];
    await everyoneSees([...stay, leaver, noisy]);

    const outcomes = new Outcomes();
    if (fault === 'killed') await stage.redis.stop();
    else stage.redis.signal('SIGSTOP');
    const backAt = performance.now() + awayMs;
    const kick = host.client.request('moderate', { action: 'kick', userId: 'noisy' });
    leaver.client.notify('leave');
    const said: string[] = [];
    while (performance.now() < backAt) {
      for (const { client } of stay) outcomes.note('ping', await client.request('ping'));
      // A process keeps 250 of a room.
      if (said.length < 250) {
        said.push(`away ${said.length}`);
        outcomes.note('chat', await say(host, said.at(-1) as string));
      }
      outcomes.add('join', await join(relays[1], 'late').then(() => 'ok', String));
      outcomes.add('health', JSON.stringify((await first.health()).body.backplane));
      await sleep(Math.min(1_000, Math.max(0, backAt - performance.now())));
    }
    outcomes.note('kick', await kick);
    const { code: kicked } = await noisy.client.closed;

    if (fault === 'killed') await stage.redis.start();
    else stage.redis.signal('SIGCONT');
    const since = performance.now();
    const newcomers = await Promise.all(
      relays.map((relay, n) =>
        until('somebody can join', () => join(relay, `new-${n}`).catch(() => undefined), WAIT),
      ),
    );
    const all = [...stay, ...newcomers];
    await everyoneSees(all);
    const rosterMs = Math.round(performance.now() - since);
    for (const each of all)
      await until('it can write', async () => !(await say(each, `from ${each.user}`)).error, WAIT);
    const isNew = (text: string) => text.startsWith('from');
    for (const each of all)
      await until('all have heard it', () => chatOf(each).filter(isNew).length >= all.length, WAIT);
    const heard = new Set(all.map((each) => chatOf(each).filter(isNew).join()));
    const hasAll = (each: Member) =>
      chatOf(each)
        .filter((text) => text.startsWith('away'))
        .join() === said.join();
    const missed = stay.filter((each) => !hasAll(each)).map(({ user }) => user);
    return {
      rosterMs,
      kicked,
      outcomes: outcomes.all,
      disturbed: disturbed(stay),
      heard: [...heard],
      missed,
    };
  } finally {
    await stage.clear();
    await stage.tearDown();
  }
}

/** Of the SFU, also those that have come. */
function answerOffers({ client }: Member): void {
  const answer = ({ method, params }: Member['client']['received'][number]) => {
    if (method !== 'offer') return;
    client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(params?.sdp)) } });
  };
  client.received.forEach(answer);
  client.socket.onText((text) => answer(JSON.parse(text)));
}

async function everyoneSees(members: readonly Member[]): Promise<void> {
  for (const member of members) {
    const others = members.flatMap(({ user }) => (user === member.user ? [] : [user])).sort();
    const sees = () => {
      const seen = roster(member);
      if (`${seen}` !== `${others}`) throw new Error(`${seen}`);
      return true;
    };
    await until(`${member.user} sees ${others}`, sees, WAIT);
  }
}

function disturbed(members: readonly Member[]): string[] {
  const there = new Set(members.map(({ sessionId }) => sessionId));
  const isLoss = ({ error, params }: Member['client']['received'][number]) =>
    error?.data?.closeCode !== undefined ||
    ((params?.left ?? []) as string[]).some((sessionId) => there.has(sessionId));
  return members.flatMap(({ user, client }) => (client.received.some(isLoss) ? [user] : []));
}

/** Each outcome once. */
class Outcomes {
  readonly #seen: Record<Attempt, Set<string>> = {
    ping: new Set(),
    chat: new Set(),
    join: new Set(),
    kick: new Set(),
    health: new Set(),
  };

  note(attempt: Attempt, { error }: Awaited<ReturnType<typeof say>>): void {
    this.add(attempt, error ? `${error.data?.code}${error.data?.retryable ? ' (retryable)' : ''}` : 'ok');
  }

  add(attempt: Attempt, outcome: string): void {
    this.#seen[attempt].add(outcome);
  }

  get all(): Record<Attempt, string[]> {
    const { ping, chat, join, kick, health } = this.#seen;
    return { ping: [...ping], chat: [...chat], join: [...join], kick: [...kick], health: [...health] };
  }
}
