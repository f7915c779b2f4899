import { setTimeout as sleep } from 'node:timers/promises';
import type { SfuRelayOptions } from '../../src/index.js';
import { launchBrowser } from '../support/browser.js';
import { startIon } from '../support/ion.js';
import { IonCluster } from '../support/ion-cluster.js';
import { MediaPeers } from '../support/media-peers.js';
import { startPageServer } from '../support/page-server.js';
import { BrowserParticipant } from '../support/participant.js';
import { mediaOf } from '../support/peer-media.js';
import { until } from '../support/poll.js';
import { startRelay } from '../support/relay-server.js';
import { RoomClient } from '../support/room-client.js';
import { type Account, Spectator } from './spectator.js';

/** The node dies, or stops without a word; or both die, and the other one is back after a while. */
type Fault = 'SIGKILL' | 'SIGSTOP' | 'outage';

interface FailoverOptions {
  fault: Fault;
  /** ms without any node. */
  outageMs?: number;
}

interface FailoverReport {
  fault: Fault;
  /** Rooms by nodes, that of the measured room first. */
  rooms: [number, number];
  /** ms until each viewer of the measured room is shown the video again: from the fault, or from the end of the outage. */
  viewersMs: number[];
  /** The same of each scripted viewer that has lost its node, until both tracks are received. */
  scriptedMs: number[];
  /** The longest time without a packet in the rooms on the other node, in ms: while nothing happens, and around the fault. */
  usualGapMs: number;
  gapMs: number;
  /** What the people of the measured room have noticed; the publisher is the first one. */
  accounts: Account[];
  /** Chat messages that the publisher has written meanwhile. */
  written: number;
  /** Frames of the video that each viewer has decoded after the recovery. */
  framesDecoded: number[];
  /** What scripted people were told of: who has joined or left, why a rejoin was refused; on the other node, a loss of their peer. */
  complaints: string[];
}

const ROOMS = 20;
/** The time in which gaps are measured. */
const WINDOW_MS = 4_000;
const SOON = { intervalMs: 20 };
const MEDIA = { camera: 'video', microphone: 'audio' } as const;

/**
 * Twenty rooms on two Ions, of which one ends. In the measured room, a page publishes and two watch; scripted peers fill the
 * others.
 */
export async function failover({ fault, outageMs = 3_000 }: FailoverOptions): Promise<FailoverReport> {
  const cleanUp: (() => unknown)[] = [];
  const later = <Part>(part: Part, end: (part: Part) => unknown): Part => {
    cleanUp.unshift(() => end(part));
    return part;
  };
  try {
    const ions = later(await IonCluster.start(2, startIon), (each) => each.stop());
    const sfu: SfuRelayOptions['sfu'] = {
      mode: 'cluster',
      clusterNodes: ions.addresses,
      loadBalanceMethod: 'roundrobin',
    };
    const { url } = later(await startRelay(sfu, { logger: false }), (each) => each.close());
    const pages = later(await startPageServer(), (each) => each.close());
    const browser = later(await launchBrowser(), (each) => each.close());
    const media = mediaOf(later(await MediaPeers.start(), (each) => each.stop()));

    const enter = async (user: string, role: 'publisher' | 'subscriber') => {
      const entry = { url, room: 'measured', user, role };
      const opened = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
      return opened.join();
    };
    const publisher = await enter('publisher', 'publisher');
    const camera = await publisher.publishCamera();
    const viewers = [await enter('one', 'subscriber'), await enter('two', 'subscriber')];
    const scripted = await Promise.all(
      Array.from({ length: ROOMS - 1 }, (_, n) => populate({ url, room: `room ${n}`, media })),
    );
    for (const viewer of viewers) await viewer.sees(camera);
    await until('sound is received, too', async () =>
      (await Promise.all(viewers.map((each) => each.received()))).every(({ length }) => length === 2),
    );
    const [failing, other] = ions.nodes[0]?.arrivals.some(({ room }) => room === 'measured')
      ? ions.nodes
      : [...ions.nodes].reverse();
    if (!failing || !other) throw new Error('there are two nodes');
    const [onFailing, staying] = [failing, other].map((node) =>
      scripted.filter(({ room }) => node.arrivals.some((arrival) => arrival.room === room)),
    ) as [Pair[], Pair[]];

    const people = [
      await Spectator.of('publisher', publisher),
      await Spectator.of('one', viewers[0] as BrowserParticipant),
      await Spectator.of('two', viewers[1] as BrowserParticipant),
    ];
    const [writer, ...watching] = people as [Spectator, ...Spectator[]];
    await writer.startChat(200);
    /** Since this was last asked. */
    const gap = async () => Math.max(0, ...(await Promise.all(staying.map(({ viewer }) => viewer.gap()))));
    await gap();
    await sleep(WINDOW_MS);
    const usualGapMs = await gap();

    const faultAt = Date.now();
    const faultAfter = performance.now();
    const moving = fault === 'outage' ? scripted : onFailing;
    if (fault === 'SIGSTOP') failing.signal(fault);
    else void failing.kill();
    if (fault === 'outage') {
      await other.kill();
      await sleep(outageMs);
      await other.restart();
    }
    const waitedMs = Date.now() - faultAt;
    const window = sleep(WINDOW_MS);
    const viewersMs = (await Promise.all(watching.map((each) => each.recovery(faultAt)))).map(
      (at) => at - faultAt - waitedMs,
    );
    await until(
      'the scripted viewers receive media again',
      () => moving.every(({ viewer }) => viewer.peer > 1 && viewer.tracks.length === 2),
      SOON,
    );
    await window;
    const gapMs = await gap();
    const before = await Promise.all(watching.map((each) => each.framesDecoded()));
    await sleep(500);
    const after = await Promise.all(watching.map((each) => each.framesDecoded()));
    const written = await writer.stopChat();
    await until('all messages have come', async () =>
      (await accountsOf(people)).every(({ chats }) => chats.length === written),
    );
    return {
      fault,
      rooms: [onFailing.length + 1, staying.length],
      viewersMs,
      scriptedMs: moving.map(({ viewer }) => Math.round(lastArrival(viewer) - faultAfter - waitedMs)),
      usualGapMs,
      gapMs,
      accounts: await accountsOf(people),
      written,
      framesDecoded: after.map((frames, n) => (frames[camera] ?? 0) - (before[n]?.[camera] ?? 0)),
      complaints: [
        ...scripted.flatMap((pair) => complaintsOf(pair, faultAfter, fault === 'outage')),
        ...(fault === 'outage' ? [] : staying.flatMap(lossesOf)),
      ],
    };
  } finally {
    for (const end of cleanUp) await end();
  }
}

/** The scripted people of a room. */
interface Pair {
  room: string;
  publisher: RoomClient;
  viewer: RoomClient;
}

async function populate(
  place: Pick<Parameters<typeof RoomClient.join>[0], 'url' | 'room' | 'media'>,
): Promise<Pair> {
  const publisher = await RoomClient.join({ ...place, user: 'publisher', tracks: MEDIA });
  const viewer = await RoomClient.join({ ...place, user: 'viewer', role: 'subscriber' });
  await until(`media is received in ${place.room}`, () => viewer.tracks.length === 2, SOON);
  return { room: place.room, publisher, viewer };
}

function accountsOf(people: readonly Spectator[]): Promise<Account[]> {
  return Promise.all(people.map((each) => each.account()));
}

function lastArrival({ received, peer }: RoomClient): number {
  return Math.max(...received.filter((each) => each.peer === peer).map(({ at }) => at));
}

function lossesOf({ publisher, viewer }: Pair): string[] {
  return [publisher, viewer].flatMap((client) =>
    client.notifications('interrupted').map(({ reason }) => `${client.user} of ${client.room}: ${reason}`),
  );
}

/** @param mayBeRefused a node may die while it is joined */
function complaintsOf({ publisher, viewer }: Pair, since: number, mayBeRefused: boolean): string[] {
  return [publisher, viewer].flatMap(({ heard, refusals }) => {
    const told = heard.filter(({ method, at }) => method === 'participants' && at > since);
    const others = told.filter(({ params }) => params.joined || params.left);
    return [...(mayBeRefused ? [] : refusals), ...others.map(({ params }) => JSON.stringify(params))];
  });
}
