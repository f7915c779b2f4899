import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Random } from '../fuzz/random.js';
import { launchBrowser, type TestPage } from '../support/browser.js';
import { Child } from '../support/child.js';
import { launchFirefox } from '../support/firefox.js';
import { type IonServer, startIon } from '../support/ion.js';
import { startPageServer } from '../support/page-server.js';
import { until } from '../support/poll.js';
import { heapOfPage, heapOfRelay } from './heap.js';
import { type Network, startNetwork } from './network.js';
import { User } from './user.js';

/** How often everything happens, over all users. */
export interface Plan {
  mutes: number;
  cameras: number;
  screens: number;
  reloads: number;
  switches: number;
}

export interface DayOptions {
  seed: number;
  plan: Plan;
  onProgress?(done: number, all: number, doing: string): void;
}

/** KiB of objects, once garbage is collected (heap.ts). */
interface Heap {
  relay: number;
  page: number;
}

export interface DayReport {
  seed: number;
  plan: Plan;
  seconds: number;
  /** ms from each switch of networks until there was media again, by user. */
  recoveriesMs: Record<string, number[]>;
  /** What the applications were told of, by user. */
  errors: Record<string, string[]>;
  /** At its start, after its first half, and at its end. */
  heap: { start: Heap; half: Heap; end: Heap };
  /** Of the heaps, over the last half, in per cent. */
  growth: Heap;
}

type Action = { doing: string; act(): Promise<unknown> };

const RELAY = fileURLToPath(new URL('relay.js', import.meta.url));

/**
 * A day in a room, compressed: two who publish and two who watch, by Chromium and by Firefox, mute, switch cameras, share
 * screens, reload and change networks. In the middle and at the end everybody has to receive everybody, and to know who is
 * there.
 */
export async function day({ seed, plan, onProgress }: DayOptions): Promise<DayReport> {
  const cleanUp: (() => Promise<unknown>)[] = [];
  const later = <Part>(part: Part, end: (part: Part) => Promise<unknown>): Part => {
    cleanUp.unshift(() => end(part));
    return part;
  };
  let sfu: IonServer | undefined;
  try {
    const ion = later(await startIon(), (each) => each.stop());
    sfu = ion;
    const relay = later(new Child(process.execPath, [RELAY, ion.address]), (each) => each.stop('SIGKILL'));
    const relayPort = Number((await relay.output(/"port":(\d+)/))[1]);
    const pages = later(await startPageServer(), (each) => each.close());
    const chromium = later(await launchBrowser(), (each) => each.close());
    const firefox = later(await launchFirefox(), (each) => each.close());
    const room = randomUUID();
    const invite = async (
      browser: typeof chromium | typeof firefox,
      name: string,
      role: 'publisher' | 'subscriber',
    ) => {
      const network: Network = later(await startNetwork(relayPort, ion.mediaPort), (each) => each.close());
      const tab = await browser.open(`${pages.url}/pages/day.html`);
      const user = new User({ name, role, room, tab, network, mediaPort: ion.mediaPort });
      await user.enter();
      return user;
    };
    const speakers = [
      await invite(chromium, 'chromium-speaker', 'publisher'),
      await invite(firefox, 'firefox-speaker', 'publisher'),
    ];
    const stays = await invite(chromium, 'chromium-viewer', 'subscriber');
    const users = [...speakers, stays, await invite(firefox, 'firefox-viewer', 'subscriber')];

    const startedAt = performance.now();
    /** All in new sessions, and nothing is left of the old ones: what a session keeps has the same age each time. */
    const measure = async (): Promise<Heap> => {
      await Promise.all(users.map((user) => user.changeNetwork('dead socket')));
      await allReceiveAll(users);
      await until(
        'the relay has given up the connections of other networks',
        async () =>
          (await (await fetch(`http://127.0.0.1:${relayPort}/connections`)).text()) === `${users.length}`,
        { timeoutMs: 60_000 },
      );
      return { relay: await heapOfRelay(relayPort), page: await heapOfPage((stays.tab as TestPage).page) };
    };
    const random = new Random(seed);
    const halves = makeActions(plan, { speakers, users, stays }, random);
    const all = halves.flat(2).length;
    let done = 0;
    const heaps: Heap[] = [];
    await allReceiveAll(users);
    heaps.push(await measure());
    for (const half of halves) {
      // Each user by themselves, all at the same time.
      await Promise.all(
        half.map(async (actions) => {
          for (const { doing, act } of actions) {
            onProgress?.(done, all, doing);
            await act().catch((cause) => {
              throw new Error(`${doing}: ${cause.message}`, { cause });
            });
            done += 1;
          }
        }),
      );
      await allReceiveAll(users);
      heaps.push(await measure());
    }
    const errors: Record<string, string[]> = {};
    for (const user of users) errors[user.name] = await user.errors();
    const [start, half, end] = heaps as [Heap, Heap, Heap];
    const grown = (what: keyof Heap) => (100 * (end[what] - half[what])) / half[what];
    return {
      seed,
      plan,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      recoveriesMs: Object.fromEntries(users.map(({ name, recoveriesMs }) => [name, recoveriesMs])),
      errors,
      heap: { start, half, end },
      growth: { relay: grown('relay'), page: grown('page') },
    };
  } catch (cause) {
    if (sfu?.alive() !== false) throw cause;
    throw new Error(`The SFU has ended: ${sfu.log.slice(-8_000)}`, { cause });
  } finally {
    for (const end of cleanUp) await end().catch(() => {});
  }
}

/** The actions of both halves of the day, by user. Only the one whose page is measured never reloads it. */
function makeActions(
  { mutes, cameras, screens, reloads, switches }: Plan,
  { speakers, users, stays }: { speakers: User[]; users: User[]; stays: User },
  random: Random,
): Action[][][] {
  const lists = [0, 1].map(() => new Map<User, Action[]>(users.map((user) => [user, []])));
  const add = (
    count: number,
    among: User[],
    what: string,
    act: (user: User, index: number) => Promise<unknown>,
  ) => {
    for (let index = 0; index < count; index += 1) {
      const user = among[index % among.length] as User;
      const half = lists[index < count / 2 ? 0 : 1];
      half?.get(user)?.push({ doing: `${user.name}: ${what}`, act: () => act(user, index) });
    }
  };
  add(mutes, speakers, 'mutes', (user) => user.muteAndUnmute());
  add(cameras, speakers, 'switches the camera', (user) => user.toggleCamera());
  add(screens, speakers, 'shares the screen', (user) => user.shareScreen());
  add(
    reloads,
    users.filter((user) => user !== stays),
    'reloads',
    (user) => user.reload(),
  );
  add(switches, users, 'changes the network', (user, index) =>
    // By turns, and each user comes to both.
    user.changeNetwork(
      (index + Math.floor(index / users.length)) % 2 === 0 ? 'dead socket' : 'half-open socket',
    ),
  );
  return lists.map((half) => [...half.values()].map((actions) => random.shuffle(actions)));
}

/** With all cameras on, and nothing else, everybody decodes all others, and the room is the same for all. */
async function allReceiveAll(users: User[]): Promise<void> {
  for (const user of users) {
    await user.isBack();
    if (user.publishes) await user.cameraIsOn();
  }
  const sent = Object.fromEntries(
    await Promise.all(users.map(async (user) => [user.name, await user.sends()] as const)),
  );
  await Promise.all(users.map((user) => receives(user, sent)));
}

async function receives(user: User, sent: Record<string, string[]>): Promise<void> {
  const { [user.name]: _, ...others } = sent;
  await until(`${user.name} knows who is there`, async () => {
    const roster = await user.roster();
    if (!isEqual(roster, others)) throw new Error(`${JSON.stringify(roster)}, not ${JSON.stringify(others)}`);
    return true;
  });
  const streams = Object.values(others).flat();
  let first: Record<string, number> | undefined;
  await until(
    `${user.name} decodes ${streams}`,
    async () => {
      const frames = await user.frames();
      const isThere = streams.every((stream) => stream in frames);
      first ??= isThere ? frames : undefined;
      if (!first || streams.some((stream) => !((frames[stream] ?? 0) >= (first?.[stream] ?? 0) + 5)))
        throw new Error(`${JSON.stringify(first)} at first, then ${JSON.stringify(frames)}`);
      return true;
    },
    { timeoutMs: 60_000 },
  );
}

function isEqual(one: Record<string, string[]>, other: Record<string, string[]>): boolean {
  const sorted = (record: Record<string, string[]>) => JSON.stringify(Object.entries(record).sort());
  return sorted(one) === sorted(other);
}
