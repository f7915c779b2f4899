import { setTimeout as sleep } from 'node:timers/promises';
import { launchBrowser } from '../support/browser.js';
import { startIon } from '../support/ion.js';
import { IonCluster } from '../support/ion-cluster.js';
import { startPageServer } from '../support/page-server.js';
import { BrowserParticipant } from '../support/participant.js';
import { until } from '../support/poll.js';
import { startRelay } from '../support/relay-server.js';
import { type Account, Spectator } from './spectator.js';
import { heard, listen, publishChord, type Sound } from './tone.js';

interface MoveOptions {
  /** The move is cancelled as soon as the publisher is on the new node. */
  isCancelled?: boolean;
  /** ms before and after the move in which gaps are measured. */
  windowMs?: number;
}

interface MoveMeasurement {
  /** Why the move was rejected; 'moved' if it was not. */
  outcome: string;
  moveMs: number;
  /** Sessions that have moved, or were closed. */
  moved: number;
  closed: number;
  /** Whether the room is on another node than before. */
  isElsewhere: boolean;
  /** The longest time between two frames at each viewer, in ms: without a move, and from the begin of the move to the end of the old peers. */
  usualGapsMs: number[];
  gapsMs: number[];
  /** What each viewer has heard of the publisher's chord in that time. */
  sounds: Sound[];
  /** What the people have noticed; the publisher is the first one. */
  accounts: Account[];
  /** Chat messages that the publisher has written meanwhile. */
  written: number;
  /** Frames of the muted publisher's video that the viewers have decoded after the move. */
  mutedFrames: number;
  /** Streams on the old node afterwards. */
  leftBehind: number;
}

const ROOM = 'moving';

/** A room of two Ions that moves from one to the other, with a publisher, a muted publisher and two viewers in Chromium. */
export async function move({
  isCancelled = false,
  windowMs = 7_000,
}: MoveOptions = {}): Promise<MoveMeasurement> {
  const cleanUp: (() => unknown)[] = [];
  const later = <Part>(part: Part, end: (part: Part) => unknown): Part => {
    cleanUp.unshift(() => end(part));
    return part;
  };
  try {
    const ions = later(await IonCluster.start(2, startIon), (each) => each.stop());
    const sfu = { mode: 'cluster', clusterNodes: ions.addresses } as const;
    const { relay, url } = later(await startRelay(sfu, { logger: false }), (each) => each.close());
    const pages = later(await startPageServer(), (each) => each.close());
    const browser = later(await launchBrowser(), (each) => each.close());
    const enter = async (user: string, role: 'publisher' | 'subscriber') => {
      const entry = { url, room: ROOM, user, role };
      const opened = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
      return opened.join();
    };
    const publisher = await enter('publisher', 'publisher');
    const camera = await publisher.publishCamera();
    const viewers = [await enter('one', 'subscriber'), await enter('two', 'subscriber')];
    for (const viewer of viewers) await viewer.sees(camera);
    const chord = await publishChord(publisher);
    for (const viewer of viewers) await listen(viewer, chord);
    const quiet = await enter('quiet', 'publisher');
    const hidden = await quiet.publishCamera();
    const room = relay.rooms.get(ROOM);
    await room?.mute({ userId: 'quiet' });
    const people: Spectator[] = [await Spectator.of('publisher', publisher)];
    for (const [n, viewer] of viewers.entries()) people.push(await Spectator.of(`viewer ${n}`, viewer));
    const [writer, ...watching] = people as [Spectator, ...Spectator[]];
    if (!room) throw new Error('there is no room');
    const before = room.node;
    const framesOf = async (streamId: string) =>
      (await Promise.all(viewers.map((each) => each.framesDecoded()))).map((frames) => frames[streamId] ?? 0);

    await writer.startChat(200);
    const usualFrom = Date.now();
    await sleep(windowMs);
    const usualGapsMs = await Promise.all(watching.map((each) => each.longestGap(usualFrom, Date.now())));

    const cancel = new AbortController();
    const from = Date.now();
    const moving = relay.moveRoom(ROOM, { signal: cancel.signal });
    const settled = moving.then(
      ({ moved, closed }) => ({ outcome: 'moved', moved, closed }),
      (error) => ({ outcome: String(error.code), moved: 0, closed: 0 }),
    );
    if (isCancelled) {
      const session = relay.getSession(publisher.sessionId);
      await until('the publisher has another peer', () => session?.peer === 2, { intervalMs: 5 });
      cancel.abort();
    }
    const result = await settled;
    const moveMs = Date.now() - from;
    const hiddenBefore = await framesOf(hidden);
    // The clients let their old peers leave after 5 s.
    await sleep(windowMs);
    const hiddenAfter = await framesOf(hidden);
    for (const viewer of viewers) await viewer.sees(camera);
    const gapsMs = await Promise.all(watching.map((each) => each.longestGap(from, Date.now())));
    const sounds = await Promise.all(viewers.map((each) => heard(each, from, Date.now())));
    const written = await writer.stopChat();
    const accountsOf = () => Promise.all(people.map((each) => each.account()));
    await until('all messages have come', async () =>
      (await accountsOf()).every(({ chats }) => chats.length >= written),
    );
    const old = ions.addresses.find((each) => each !== room.node);
    return {
      ...{ ...result, moveMs, usualGapsMs, gapsMs, sounds, written },
      isElsewhere: room.node !== before,
      accounts: await accountsOf(),
      mutedFrames: hiddenAfter.reduce(
        (sum, frames, n) => sum + Math.max(0, frames - (hiddenBefore[n] ?? 0)),
        0,
      ),
      leftBehind: relay.nodes.find(({ serverUrl }) => serverUrl === old)?.streams ?? Number.NaN,
    };
  } finally {
    for (const end of cleanUp) await end();
  }
}
