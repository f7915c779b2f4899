import { setTimeout as sleep } from 'node:timers/promises';
import { publishChord } from '../failover/tone.js';
import { launchBrowser } from '../support/browser.js';
import { startPageServer } from '../support/page-server.js';
import { BrowserParticipant } from '../support/participant.js';
import { until } from '../support/poll.js';
import { type ChatFaults, checkChat } from './chat-check.js';
import { openIonRoom } from './ion-room.js';
import { DrillSite } from './site.js';
import { type Noticed, Watcher } from './watcher.js';
import { WireUser } from './wire-user.js';

export interface DrillOptions {
  /** test/cluster/relay.ts, compiled. */
  relayScript: string;
  relays?: number;
  /** Of the SFU, which are drained one after the other. */
  nodes?: number;
  viewers?: number;
  /** Rooms of three scripted users each. */
  rooms?: number;
  /** Whether there is a room whose publisher has ion-sdk-js. */
  hasIonRoom?: boolean;
  /** How many relays are replaced, and how many nodes are drained; by default all. */
  restarts?: number;
  drains?: number;
  onStep?(step: StepReport): void;
  onProgress?(text: string): void;
}

export interface StepReport {
  kind: 'usual' | 'restart' | 'drain';
  name: string;
  /** ms of the step itself. */
  tookMs: number;
  /** In the room of the publisher. */
  noticed: Noticed[];
  /** In the room of ion-sdk-js. */
  ionGapMs: number | undefined;
  /** Of the publisher with ion-sdk-js: how long it took to publish again. */
  ionReturnsMs: number[];
  /** Of scripted users: who was reported to have left or joined. */
  departures: string[];
  /** A process that has ended with another code than 0, a node that could not be drained. */
  faults: string[];
}

export interface DrillReport {
  steps: StepReport[];
  /** Chat messages of scripted users, and of the publisher's page. */
  written: number;
  chat: ChatFaults;
  /** Unexpected answers to scripted users. */
  faults: string[];
  /** How often scripted users had to join again, and how often they have resumed. */
  joinedAgain: number;
  resumed: number;
  /** The longest time that one of them was without a session, in ms. */
  awayMs: number;
}

const WINDOW_MS = 7_000;
/** Old peers stay for 5 s beside the new ones. */
const SETTLING_MS = 6_000;
/** Longer than joins are gathered. */
const SETTLED_MS = 1_000;
const CHAT_INTERVAL_MS = 250;

/** A rolling deploy of the SFU nodes and of the relays under load, and what everybody has noticed of it. */
export async function drill(options: DrillOptions): Promise<DrillReport> {
  const { relays = 3, nodes = 2, viewers = 2, rooms = 4, hasIonRoom = true } = options;
  const { restarts = relays, drains = nodes, onStep, onProgress } = options;
  const cleanUp: (() => unknown)[] = [];
  const later = <Part>(part: Part, end: (part: Part) => unknown): Part => {
    cleanUp.unshift(() => end(part));
    return part;
  };
  try {
    onProgress?.(`starting ${relays} relays behind HAProxy, ${nodes} Ions, Redis and Chromium`);
    const site = later(await DrillSite.start(options.relayScript, relays, nodes), (each) => each.stop());
    const pages = later(await startPageServer(), (each) => each.close());
    const browser = later(await launchBrowser(), (each) => each.close());
    const enter = async (user: string, role: 'publisher' | 'subscriber') => {
      const entry = { url: `${site.url}?user=${user}`, room: 'drill', user, role };
      const opened = await BrowserParticipant.open(browser, pages.url, 'sfu-relay/client', entry);
      return opened.join();
    };
    const publisher = await enter('publisher', 'publisher');
    const camera = await publisher.publishCamera();
    const audience: BrowserParticipant[] = [];
    for (let n = 1; n <= viewers; n += 1) audience.push(await enter(`viewer-${n}`, 'subscriber'));
    for (const viewer of audience) await viewer.sees(camera);
    const chord = await publishChord(publisher);
    const people = [await Watcher.of('publisher', publisher)];
    for (const [n, viewer] of audience.entries())
      people.push(await Watcher.of(`viewer-${n + 1}`, viewer, chord));
    const ion = hasIonRoom ? await openIonRoom(browser, pages.url, site.url) : undefined;
    const users = later(
      Array.from({ length: rooms * 3 }, (_, n) => new WireUser(site.url, `room-${n % rooms}`, `user-${n}`)),
      (all) => all.map((user) => user.leave()),
    );
    await Promise.all(users.map((user) => user.enter()));
    await until('everybody is known', () => users.every((user) => user.knows(3)));
    await sleep(SETTLED_MS);
    for (const user of users) user.start();
    const [writer] = people as [Watcher];
    await writer.spectator.startChat(CHAT_INTERVAL_MS);

    const steps: StepReport[] = [];
    const measure = async (
      kind: StepReport['kind'],
      name: string,
      act: () => Promise<string[]>,
      settlingMs: number,
    ) => {
      onProgress?.(name);
      const from = Date.now();
      const departuresBefore = users.map(({ departures }) => departures.length);
      const faults = await act();
      const tookMs = Date.now() - from;
      await sleep(settlingMs);
      const to = Date.now();
      const noticed = await Promise.all(people.map((each) => each.noticed(from, to)));
      const ionGapMs = await ion?.viewer.spectator.longestGap(from, to);
      const ionReturnsMs = (await ion?.returnsMs()) ?? [];
      const departures = users.flatMap((user, n) => user.departures.slice(departuresBefore[n]));
      const ofIon = { ionGapMs, ionReturnsMs };
      const step = { kind, name, tookMs, noticed: noticed.slice(1), ...ofIon, departures, faults };
      for (const event of noticed[0]?.events ?? []) step.noticed[0]?.events.push(`publisher: ${event}`);
      steps.push(step);
      onStep?.(step);
    };
    await measure('usual', 'nothing happens', async () => [], WINDOW_MS);
    for (const [n, address] of site.nodes.slice(0, drains).entries())
      await measure('drain', `SFU node ${n + 1} is drained`, () => site.upgrade(address), SETTLING_MS);
    for (let n = 0; n < restarts; n += 1)
      await measure('restart', `relay ${n + 1} is replaced`, () => restart(site, n), SETTLING_MS);

    onProgress?.('counting messages');
    await Promise.all(users.map((user) => user.stopWriting()));
    const ofPage = await writer.spectator.stopChat();
    const chat: ChatFaults = { lost: [], doubled: [], reordered: [] };
    const add = (who: string, found: ChatFaults) => {
      for (const kind of ['lost', 'doubled', 'reordered'] as const)
        chat[kind].push(...found[kind].map((text) => `${who}: ${text}`));
    };
    for (const user of users) {
      const written = new Map(
        users.filter(({ room }) => room === user.room).map((each) => [each.user, each.written]),
      );
      const check = () => checkChat(user.texts, written);
      await settled(async () => check().lost.length === 0);
      add(user.user, check());
    }
    for (const person of people) {
      const check = async () => {
        const { chats } = await person.spectator.account();
        return checkChat(chats, new Map([['message', ofPage]]));
      };
      await settled(async () => (await check()).lost.length === 0);
      add(person.user, await check());
    }
    return {
      steps,
      written: ofPage + users.reduce((sum, { written }) => sum + written, 0),
      chat,
      faults: users.flatMap(({ faults }) => faults),
      joinedAgain: users.reduce((sum, { joins }) => sum + joins - 1, 0),
      resumed: users.reduce((sum, { resumptions }) => sum + resumptions, 0),
      awayMs: Math.max(...users.map(({ awayMs }) => awayMs)),
    };
  } finally {
    for (const end of cleanUp) await end();
  }
}

async function restart(site: DrillSite, n: number): Promise<string[]> {
  const code = await site.restart(n);
  return code === 0 ? [] : [`relay ${n + 1} has ended with ${code}`];
}

/** What is on its way has a moment to come. */
async function settled(isDone: () => Promise<boolean>): Promise<void> {
  await until('all messages have come', isDone, { timeoutMs: 5_000 }).catch(() => {});
}
