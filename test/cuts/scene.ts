import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Session } from '../../src/index.js';
import {
  type FaultyProxy,
  fakeCandidate,
  fakeOffer,
  type ScriptedStream,
  startFaultyProxy,
  subscriberOffer,
} from '../../src/testing/index.js';
import { overWebSocket } from '../contract/client-socket.js';
import { Random } from '../fuzz/random.js';
import { until } from '../support/poll.js';
import { ResumableClient } from '../support/resumable-client.js';
import { Account } from './account.js';
import { Breaker } from './breaker.js';
import { Comebacks } from './comebacks.js';
import type { World } from './world.js';

export interface SceneReport {
  seed: number;
  faults: string[];
  /** What the network did. */
  breaks: string[];
  /** What was done, one letter for each step. */
  steps: string;
  resumptions: number;
  snapshots: number;
}

const STEPS = 60;
/** Chat, gift, offer, trickle, stats, update, two refused messages, Bob's chat, the SFU's candidate and offer, a change of the room. */
const STEP_NAMES = 'cccccgggootttttsuxXbbCCOOR';
const SOON = { intervalMs: 5, timeoutMs: 15_000 };
const CAMERA = { kind: 'video', streamId: 'home', trackId: 'camera' } as const;
const REPORT = [{ id: 'OT1', type: 'outbound-rtp', timestamp: 1, kind: 'video', ssrc: 1, bytesSent: 1 }];
/** Of Alice's candidates, and of the SFU's. */
const FIRST_PORT = 10_000;

const dial = (url: string) => () => overWebSocket(url)(['sfu-relay.v1'], {}, '');

/** Alice, whose connection breaks, Bob, whose connection does not, guests, and the SFU in one room. */
class Scene {
  readonly #world: World;
  readonly #random: Random;
  readonly #room: string;
  /** Whether Bob talks all the time. */
  readonly #isLoud: boolean;
  readonly #proxy: FaultyProxy;
  readonly #alice: ResumableClient;
  readonly #bob: ResumableClient;
  readonly #guests: Session[] = [];
  readonly account = new Account();
  breaker: Breaker;
  steps = '';
  #stream: ScriptedStream | undefined;
  #comebacks: Comebacks | undefined;
  #number = 0;
  #isOffering = false;
  /** Requests of Alice that are not answered yet. */
  #pending = 0;

  constructor(world: World, seed: number, proxy: FaultyProxy, isLoud: boolean) {
    this.#world = world;
    this.#random = new Random(seed);
    this.#room = `room ${seed}`;
    this.#proxy = proxy;
    this.#isLoud = isLoud;
    const acknowledgeEvery = 1 + this.#random.below(isLoud ? 2 : 32);
    this.#alice = new ResumableClient(dial(proxy.url()), { acknowledgeEvery });
    this.#bob = new ResumableClient(dial(world.url(seed)));
    this.breaker = new Breaker(proxy, this.#alice, new Random(seed + 1_000_000_007), isLoud ? 50 : 12);
  }

  get resumptions(): number {
    return this.#alice.resumptions;
  }

  get snapshots(): number {
    return this.#alice.heard('snapshot').length;
  }

  async play(): Promise<void> {
    await this.#begin();
    for (let n = 0; n < STEPS; n += 1) {
      await this.#step();
      this.breaker.step();
      const pause = this.#random.below(4);
      if (pause === 1) await turn();
      if (pause > 1) await sleep(this.#random.below(4));
    }
    this.breaker.stop();
    await this.#comeToRest();
    this.#compare();
    await this.#end();
  }

  async clear(): Promise<void> {
    this.#comebacks?.stop();
    this.#alice.dispose();
    this.#bob.dispose();
    for (const guest of this.#guests) await guest.close();
    if (this.#alice.session) {
      this.#world.forget(this.#room, this.#alice.session.id);
      await this.#world.relay.getSession(this.#alice.session.id)?.close();
    }
  }

  async #begin(): Promise<void> {
    const offer = { type: 'offer', sdp: fakeOffer([CAMERA]) };
    await this.#bob.connect();
    await this.#bob.join({ sid: this.#room, uid: 'bob', offer: { type: 'offer', sdp: fakeOffer() } });
    await this.#alice.connect();
    const { result, error } = await this.#alice.join({ sid: this.#room, uid: 'alice', offer });
    if (!result) throw new Error(error?.message);
    this.account.joined(result);
    const uid = [this.#room, 'alice', String(result.sessionId)].map(encodeURIComponent).join('/');
    this.#stream = await this.#world.sfu.waitFor((sfu) => sfu.stream(uid));
    // Until the relay has read the first ack, a lost connection ends the session.
    await this.#alice.ping();
    this.#comebacks = new Comebacks(this.#alice);
  }

  async #step(): Promise<void> {
    const kind = this.#random.below(STEP_NAMES.length);
    this.#number += 1;
    const n = this.#number;
    this.steps += STEP_NAMES[kind];
    for (const again of this.#isLoud ? ['on', 'on and on'] : [])
      this.#bob.notify('message', { kind: 'chat', data: { text: `bob goes ${again} ${n}` } });
    // What she said meanwhile would be answered at once, and so much can't be kept here.
    if (this.#isLoud && !this.#alice.isAttached && kind < 19) return;
    if (kind < 5) this.#say({ text: `alice ${n}` });
    else if (kind < 8) this.#say({ gift: 'rose', count: n }, `gift ${n}`);
    else if (kind < 10) this.#offer(n);
    else if (kind < 15) this.#trickle(n);
    else if (kind === 15) this.#ask('stats', { report: REPORT });
    else if (kind === 16) this.#ask('update', { metadata: { step: n } });
    else if (kind === 17) this.#ask('message', { kind: 'nope', data: n }, 'ERR_RELAY_INVALID_PARAMS');
    else if (kind === 18) this.#sayNonsense();
    else if (kind < 21) this.#bob.notify('message', { kind: 'chat', data: { text: `bob ${n}` } });
    else if (kind < 23) this.#sfuTrickles(n);
    else if (kind < 25) this.#sfuOffers(n);
    else await this.#changeRoom(n);
  }

  #say(data: object, id?: string): void {
    const kind = id === undefined ? 'chat' : 'gift';
    this.account.said.push(data);
    this.#ask('message', { kind, data, ...(id !== undefined && { id }) });
  }

  #ask(method: string, params: object, refusal?: string): void {
    void this.#request(method, params, refusal);
  }

  async #request(method: string, params: object, refusal?: string): Promise<void> {
    this.#pending += 1;
    const { error } = await this.#alice.request(method, params);
    this.#pending -= 1;
    this.account.answered(method, error?.data.code, refusal);
  }

  /** What is refused, with an error that belongs to no request: it counts, too. */
  #sayNonsense(): void {
    const texts = ['nonsense', '[]', '{"method":5}', '{"method":"nope"}', '{"method":"trickle","params":{}}'];
    this.account.refusals += 1;
    this.#alice.sendText(this.#random.pick(texts));
  }

  /** One at a time, for the relay to refuse none. */
  #offer(n: number): void {
    if (this.#isOffering) return;
    this.#isOffering = true;
    this.account.offered.push(n);
    const desc = { type: 'offer', sdp: fakeOffer([CAMERA], { iceGeneration: n }) };
    void this.#request('offer', { desc }).then(() => {
      this.#isOffering = false;
    });
  }

  #trickle(n: number): void {
    const port = FIRST_PORT + n;
    this.account.trickled.push(port);
    this.#alice.notify('trickle', { target: 0, candidate: JSON.parse(fakeCandidate(port)) });
  }

  #sfuTrickles(n: number): void {
    const port = FIRST_PORT + n;
    this.account.sfuTrickled.push(port);
    this.#stream?.send({
      $case: 'trickle',
      value: { target: n % 2 === 0 ? 0 : 1, init: fakeCandidate(port) },
    });
  }

  /** As Ion: not before the last one is answered. */
  #sfuOffers(n: number): void {
    if (!this.#stream || this.#stream.offerPending) return;
    const track = { kind: 'video', streamId: 'elsewhere', trackId: `sfu-${n}` } as const;
    this.account.sfuOffered.push(track.trackId);
    this.#stream.send(subscriberOffer(fakeOffer([track])));
  }

  async #changeRoom(n: number): Promise<void> {
    const room = this.#world.relay.rooms.get(this.#room);
    if (this.#random.chance(0.2)) {
      if (room?.locked) room.unlock();
      else room?.lock();
    } else if (this.#random.chance(0.4) && this.#guests.length > 0) {
      await this.#guests.splice(this.#random.below(this.#guests.length), 1)[0]?.close();
    } else if (!room?.locked) {
      const track = { kind: 'audio', streamId: `guest-${n}`, trackId: `voice-${n}` } as const;
      const sdp = this.#random.chance(0.5) ? fakeOffer([track]) : fakeOffer();
      this.#guests.push(
        await this.#world.relay.createSession({ roomId: this.#room, userId: `guest ${n}`, sdp }),
      );
    }
  }

  /** Waits until everything that was sent has come, or can't come any more. */
  async #comeToRest(): Promise<void> {
    const { account } = this;
    const alice = this.#alice;
    this.#say({ text: 'the end' });
    this.#sfuTrickles(this.#number + 1);
    this.#trickle(this.#number + 1);
    await until('alice is back', () => alice.isAttached || this.#comebacks?.refusal, SOON);
    const isComplete = () => {
      this.#look();
      return this.#pending === 0 && account.faults().length === 0;
    };
    // What is missing for good, the account has.
    await until('all has come', () => this.#comebacks?.refusal || isComplete(), SOON).catch(() => {});
    if (this.#comebacks?.refusal) throw new Error(`the session was lost: ${this.#comebacks.refusal}`);
  }

  /** Notes what has come. */
  #look(): void {
    const { session, log } = this.#alice;
    const { account } = this;
    account.atTheSfu(this.#stream?.received ?? []);
    account.heard = this.#world.said.get(this.#room) ?? [];
    account.owed = this.#world.owed.get(session?.id ?? '') ?? [];
    account.log = log;
    account.bob = this.#bob.log;
    account.room = this.#world.relay.rooms.get(this.#room)?.others(session?.id ?? '') ?? [];
  }

  #compare(): void {
    this.#look();
    const { account } = this;
    account.found.push(...account.faults());
    account.found.push(...this.#alice.faults, ...this.#bob.faults.map((fault) => `bob: ${fault}`));
    if (this.#pending > 0) account.found.push(`${this.#pending} requests were not answered`);
    if (this.#world.sfu.crashed) account.found.push(`the SFU has crashed: ${this.#world.sfu.crashed}`);
  }

  /** Both sides have the same counts; after a leave the session is over. */
  async #end(): Promise<void> {
    const alice = this.#alice;
    const { found } = this.account;
    const id = alice.session?.id ?? '';
    this.#comebacks?.stop();
    alice.dispose();
    await alice.connection.socket.closed;
    const { result, error } = await alice.comeBack();
    const sent = alice.session?.counts.sent;
    if (result?.received !== sent)
      found.push(`received: ${result?.received ?? error?.message}, sent ${sent}`);
    if (this.#bob.heard('participants').some(({ left }) => (left as string[] | undefined)?.includes(id)))
      found.push('bob was told that alice has left');
    let hasLeft = false;
    void alice.request('leave').then(() => {
      hasLeft = true;
    });
    await until('alice has left', () => hasLeft, SOON);
    if (this.#world.relay.getSession(id)) found.push('the session outlives its end');
    await this.#proxy.stop();
  }
}

/** Plays one scene. Never rejects. @param isLoud for outages that lead to snapshots */
export async function playScene(world: World, seed: number, isLoud: boolean): Promise<SceneReport> {
  const proxy = await startFaultyProxy(world.url(seed));
  const scene = new Scene(world, seed, proxy, isLoud);
  const faults = scene.account.found;
  try {
    await scene.play();
  } catch (error) {
    faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await proxy.stop();
    await scene.clear().catch((error) => faults.push(`clearing: ${error}`));
  }
  const { breaker, steps, resumptions, snapshots } = scene;
  return { seed, faults, breaks: breaker.done, steps, resumptions, snapshots };
}
