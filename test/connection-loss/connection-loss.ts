import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultyProxy, startFaultyProxy } from '../../src/testing/index.js';
import { type Account, Spectator } from '../failover/spectator.js';
import { startIon } from '../support/ion.js';
import type { BrowserParticipant, OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';
import { Stage } from '../support/stage.js';

export interface ConnectionLossOptions {
  browser: 'chromium' | 'firefox';
  /** ms without a network between the browsers and the relay; media goes on. */
  cutMs: number;
  /** How long the relay waits for a client. @default 30000 */
  graceMs?: number;
}

export interface ConnectionLossReport {
  /** ms from the return of the network until the publisher and the viewer have their session again. */
  backMs: number[];
  /** The longest time between two frames that the viewer was shown, in ms: while nothing happens, and around the loss. */
  usualGapMs: number;
  gapMs: number;
  /** ms from the return of the network until the viewer was shown a frame; 0 if the video has never stopped. */
  mediaMs: number;
  /** What the publisher, the viewer, and somebody whose connection was not cut have noticed. */
  accounts: Account[];
  /** Chat messages that the publisher has written. */
  written: number;
  /** Sessions of the room at the end. */
  sessions: number;
  /** Their session ids, in the same order as `accounts`: before and after. */
  sessionIds: [string, string][];
}

const WINDOW_MS = 4_000;
const CHAT_INTERVAL_MS = 200;

/** A publisher and a viewer lose their connections to the relay, by one cut, and return. */
export async function connectionLoss(options: ConnectionLossOptions): Promise<ConnectionLossReport> {
  const { browser, cutMs, graceMs = 30_000 } = options;
  const stage = new Stage();
  let proxy: FaultyProxy | undefined;
  try {
    await stage.setUp(startIon, { logger: false, resumption: { graceMs } });
    stage.room = 'room';
    proxy = await startFaultyProxy(stage.url);
    const enter = (user: string, wishes: { role: 'publisher' | 'subscriber'; url?: string }) =>
      browser === 'firefox' && wishes.url !== undefined
        ? stage.enterByFirefox(user, wishes)
        : stage.enter(user, wishes);
    const url = proxy.url();
    const publisher = await enter('publisher', { role: 'publisher', url });
    const camera = await publisher.publishCamera();
    const viewer = await enter('viewer', { role: 'subscriber', url });
    const witness = await enter('witness', { role: 'subscriber' });
    const everybody: BrowserParticipant<OpenTab>[] = [publisher, viewer, witness];
    for (const each of [viewer, witness]) await each.sees(camera);
    await until('sound is received, too', async () => (await viewer.received()).length === 2);
    const people = await Promise.all(everybody.map((each, n) => Spectator.of(NAMES[n] ?? '', each)));
    const [writer, watching] = people as [Spectator, Spectator, Spectator];
    const idsBefore = await Promise.all(everybody.map(sessionIdOf));

    await writer.startChat(CHAT_INTERVAL_MS);
    const startedAt = Date.now();
    await sleep(WINDOW_MS);
    const cutAt = Date.now();
    proxy.refuse();
    proxy.cut();
    await sleep(cutMs);
    const returnedAt = Date.now();
    proxy.accept();
    const isResumed = graceMs > cutMs;
    const expected = isResumed ? 'resumed' : 'joined';
    const backMs = await Promise.all(
      people.slice(0, 2).map(async (each) => (await each.back(expected, returnedAt)) - returnedAt),
    );
    const mediaAt = isResumed ? await watching.firstFrame(returnedAt) : await newFrame(viewer, camera);
    await sleep(WINDOW_MS);
    const written = await writer.stopChat();
    await until('all messages have come', async () =>
      (await accountsOf(people)).every(({ chats }) => new Set(chats).size === written),
    );
    const ids = await Promise.all(everybody.map(sessionIdOf));
    const usualGapMs = await watching.longestGap(startedAt, cutAt);
    const gapMs = await watching.longestGap(cutAt - 500, Date.now());
    return {
      backMs,
      usualGapMs,
      gapMs,
      mediaMs: isResumed && gapMs < cutMs ? 0 : mediaAt - returnedAt,
      accounts: (await accountsOf(people)).map(withoutRefusals),
      written,
      sessions: stage.relay.sessions.size,
      sessionIds: ids.map((id, n) => [idsBefore[n] ?? '', id]),
    };
  } finally {
    await stage.clear();
    await proxy?.stop();
    await stage.tearDown();
  }
}

const NAMES = ['publisher', 'viewer', 'witness'];

/** When the first frame of another session was decoded (Date.now()). */
async function newFrame(viewer: BrowserParticipant<OpenTab>, streamId: string): Promise<number> {
  await until(
    'a frame of the new session is decoded',
    async () => ((await viewer.framesDecoded())[streamId] ?? 0) > 0,
    { intervalMs: 20 },
  );
  return Date.now();
}

/** Without the lines by which browsers report each attempt to connect that has failed. */
function withoutRefusals({ errors, ...account }: Account): Account {
  const refusal = /WebSocket connection to .* failed|establish a connection|was interrupted while the page/;
  return { ...account, errors: errors.filter((error) => !refusal.test(error)) };
}

function accountsOf(people: readonly Spectator[]): Promise<Account[]> {
  return Promise.all(people.map((each) => each.account()));
}

function sessionIdOf({ tab }: BrowserParticipant<OpenTab>): Promise<string> {
  return tab.page.evaluate(() => window.client.session?.sessionId ?? '');
}
