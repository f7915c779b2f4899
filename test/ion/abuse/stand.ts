import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { SfuRelayOptions } from '../../../src/index.js';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';
import { WireClient } from '../../contract/wire-client.js';
import { Bystander } from '../../fuzz/bystander.js';
import { launchBrowser, type TestBrowser } from '../../support/browser.js';
import { type IonServer, startIon } from '../../support/ion.js';
import { IonCluster } from '../../support/ion-cluster.js';
import { type PageServer, startPageServer } from '../../support/page-server.js';
import { BrowserParticipant } from '../../support/participant.js';
import { until } from '../../support/poll.js';
import { describeReal } from '../../support/real.js';
import { type RelayServer, startRelay } from '../../support/relay-server.js';

export const ROOM = 'lobby';
const SOON = { intervalMs: 25 };
type Mode = 'standalone' | 'cluster';
/** Where rooms and nodes matter. */
export const BOTH_MODES: readonly Mode[] = ['standalone', 'cluster'];
const MODE: Mode = process.env.SFU_RELAY_ABUSE === 'cluster' ? 'cluster' : 'standalone';
type Reply = Awaited<ReturnType<WireClient['request']>>;

/** The params of a join that nothing is wrong with. */
export function joinParams(overrides: object = {}): Record<string, unknown> {
  return { sid: ROOM, uid: 'mallory', offer: { type: 'offer', sdp: fakeOffer() }, ...overrides };
}

/**
 * Real Ions, the relay, and a room in which three people behave: a publisher and a viewer in Chromium, and one
 * without a browser. Whatever the offenders do, these must not notice.
 */
export class Stand {
  /** Of the publisher in Chromium. */
  camera = '';
  readonly #mode: Mode;
  #ions: IonCluster | undefined;
  #server: RelayServer | undefined;
  #pages: PageServer | undefined;
  #browser: TestBrowser | undefined;
  #viewer: BrowserParticipant | undefined;
  #bystander: Bystander | undefined;
  #regulars: string[] = [];
  #offenders: WireClient[] = [];
  #others: RelayServer[] = [];

  constructor(mode: Mode) {
    this.#mode = mode;
  }

  get #nodes(): IonCluster {
    if (!this.#ions) throw new Error('the stand is not set up');
    return this.#ions;
  }

  /** The one that has the room. */
  get ion(): IonServer {
    const found = this.#nodes.nodes.find(({ arrivals }) => arrivals.some(({ room }) => room === ROOM));
    if (!found) throw new Error('the stand is not set up');
    return found;
  }

  get server(): RelayServer {
    if (!this.#server) throw new Error('the stand is not set up');
    return this.#server;
  }

  get bystander(): Bystander {
    if (!this.#bystander) throw new Error('the stand is not set up');
    return this.#bystander;
  }

  /** In Chromium. */
  get viewer(): BrowserParticipant {
    if (!this.#viewer) throw new Error('the stand is not set up');
    return this.#viewer;
  }

  /** A connection that will vanish with the test. */
  async offender(url = this.server.url): Promise<WireClient> {
    const client = await WireClient.dial(url);
    this.#offenders.push(client);
    return client;
  }

  /** One that has joined, as everybody would. */
  async joined(overrides: object = {}, url?: string): Promise<WireClient> {
    const client = await this.offender(url);
    expect(await client.request('join', joinParams(overrides))).toHaveProperty('result.type', 'answer');
    return client;
  }

  /** Another relay in front of the same Ion, closed with the test. */
  async relay(options: Partial<SfuRelayOptions>): Promise<RelayServer> {
    const server = await startRelay(this.#sfu([this.ion.address]), options);
    this.#others.push(server);
    return server;
  }

  async setUp(): Promise<void> {
    this.#ions = await IonCluster.start(this.#mode === 'cluster' ? 2 : 1, startIon);
    this.#server = await startRelay(this.#sfu(this.#ions.addresses));
    this.#pages = await startPageServer();
    this.#browser = await launchBrowser();
    const publisher = await this.#enter('publisher', 'publisher');
    this.camera = await publisher.publishCamera();
    this.#viewer = await this.#enter('viewer', 'subscriber');
    this.#bystander = await Bystander.join(this.server.relay, ROOM, 'bystander');
    await this.viewer.sees(this.camera);
    this.#regulars = this.#nodes.peers.sort();
  }

  /** Ion lives, nobody but the three is in its rooms, and they go on: with signalling and with media. */
  async expectUnharmed(): Promise<void> {
    for (const offender of this.#offenders.splice(0)) offender.vanish();
    await Promise.all(this.#others.splice(0).map((server) => server.close()));
    for (const node of this.#nodes.nodes) expect(node.alive(), node.log).toBe(true);
    expect(this.bystander.ended).toBeUndefined();
    await until('only those who behave are left on the SFU', () => this.#onlyRegularsLeft(), SOON);
    await Promise.all([
      this.bystander.renegotiate(),
      this.#expectOnlyRegularsSeen(),
      this.#expectVideoGoesOn(),
    ]);
    expect(this.bystander.ended).toBeUndefined();
  }

  async tearDown(): Promise<void> {
    await this.#bystander?.leave();
    await this.#browser?.close();
    await this.#pages?.close();
    await this.#server?.close();
    await this.#ions?.stop();
  }

  #sfu(addresses: readonly string[]): string | SfuRelayOptions['sfu'] {
    return this.#mode === 'cluster' ? { mode: 'cluster', clusterNodes: addresses } : (addresses[0] ?? '');
  }

  #onlyRegularsLeft(): boolean {
    const { sessions, streamCount } = this.server.relay;
    if (sessions.size !== 3 || streamCount !== 3)
      throw new Error(`${sessions.size} sessions, ${streamCount} streams`);
    const peers = this.#nodes.peers.sort().join('\n');
    if (peers !== this.#regulars.join('\n')) throw new Error(peers);
    return true;
  }

  async #expectVideoGoesOn(): Promise<void> {
    const frames = async () => (await this.viewer.framesDecoded())[this.camera] ?? 0;
    const before = await frames();
    await until('the viewer decodes further frames', async () => (await frames()) > before, SOON);
  }

  /** Who comes now finds the three and their tracks, in the relay's words and in the SFU's. */
  async #expectOnlyRegularsSeen(): Promise<void> {
    const newcomer = await WireClient.dial(this.server.url);
    const { result } = await newcomer.request('join', joinParams({ uid: 'newcomer' }));
    const participants = result?.participants as { userId: string }[];
    expect(participants.map(({ userId }) => userId).sort()).toEqual(['bystander', 'publisher', 'viewer']);
    const { sdp } = await newcomer.notified('offer');
    const streams = new Set([...String(sdp).matchAll(/^a=msid:(\S+)/gm)].map(([, stream]) => stream));
    expect([...streams].sort()).toEqual([this.camera, this.bystander.stream.id].sort());
    await newcomer.close();
  }

  async #enter(user: string, role: 'publisher' | 'subscriber'): Promise<BrowserParticipant> {
    if (!this.#browser || !this.#pages) throw new Error('the stand is not set up');
    const entry = { url: this.server.url, room: ROOM, user, role };
    const participant = await BrowserParticipant.open(
      this.#browser,
      this.#pages.url,
      'sfu-relay/client',
      entry,
    );
    return participant.join();
  }
}

/**
 * Describes what clients try on a stand, and that nobody else notices any of it.
 * @param modes by default, one Ion: SFU_RELAY_ABUSE=cluster tries everything on two
 */
export function describeAbuse(
  title: string,
  suite: (stand: Stand) => void,
  modes: readonly Mode[] = [MODE],
): void {
  for (const mode of modes) {
    const where = mode === 'cluster' ? ', on two Ions' : '';
    describeReal(['ion', 'chromium'], `${title}, and nobody else notices${where}`, () => {
      const stand = new Stand(mode);
      beforeAll(() => stand.setUp());
      afterEach(() => stand.expectUnharmed());
      afterAll(() => stand.tearDown());
      suite(stand);
    });
  }
}

/** The reply is an error of this code, whose message names the fault. */
export function expectRefused(reply: Reply, code: string, fault: RegExp, method?: string): void {
  expect(reply.error?.data).toMatchObject({ code, ...(method !== undefined && { method }) });
  expect(reply.error?.message).toMatch(fault);
}

/** The error that a notification was answered with. */
export function refusalOf(client: WireClient, method: string, skip = 0): Promise<Reply> {
  const isRefusal = ({ error }: Reply) => error?.data?.method === method;
  return client.next(
    (message) => isRefusal(message) && client.received.filter(isRefusal).indexOf(message) >= skip,
  );
}

/** Answers the SFU's first offer, as a peer would that does not exist. */
export async function answerFirstOffer(client: WireClient): Promise<string> {
  const { sdp } = await client.notified('offer');
  const answer = fakeAnswer(String(sdp));
  client.notify('answer', { desc: { type: 'answer', sdp: answer } });
  return answer;
}
