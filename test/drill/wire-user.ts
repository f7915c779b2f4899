import { setTimeout as sleep } from 'node:timers/promises';
import { fakeOffer } from '../../src/testing/index.js';
import { overWebSocket } from '../contract/client-socket.js';
import type { WireMessage } from '../support/client-connection.js';
import { ResumableClient } from '../support/resumable-client.js';

/** ms between two messages of a user. */
const INTERVAL_MS = 500;
const RETRY_MS = 100;
const GOES_ON = Symbol('the client has another session');

interface Person {
  sessionId: string;
  userId: string;
}

/** Somebody with a scripted client, who writes one numbered message after the other, and comes back whenever the connection ends. */
export class WireUser {
  readonly user: string;
  readonly room: string;
  /** What was received, each message once, in the order of its coming: `<user> <number>`. */
  readonly texts: string[] = [];
  /** Who was reported to have left or joined since everybody was there. */
  readonly departures: string[] = [];
  /** Answers of the relay that no client expects. */
  readonly faults: string[] = [];
  /** Messages that were acknowledged. */
  written = 0;
  /** How often it has joined, and how often it has resumed. */
  joins = 0;
  resumptions = 0;
  /** The longest time without a session, in ms. */
  awayMs = 0;
  readonly #client: ResumableClient;
  readonly #known = new Set<string>();
  readonly #people = new Map<string, string>();
  #token: Person & { sessionToken: string } = { sessionId: '', userId: '', sessionToken: '' };
  #returning: Promise<void> | undefined;
  #next = deferred();
  #peer = 1;
  #lastPeer = 1;
  #isRejoining = false;
  #isObserving = false;
  #isOver = false;
  #writing: Promise<void> | undefined;

  constructor(url: string, room: string, user: string) {
    this.user = user;
    this.room = room;
    const connect = () => overWebSocket(`${url}?user=${user}`)(['sfu-relay.v1'], {}, '');
    this.#client = new ResumableClient(connect, { check: (message) => this.#note(message) });
    this.#client.onLost = () => void this.#comeBack();
  }

  enter(): Promise<void> {
    return this.#comeBack();
  }

  /** Whether it knows so many people, itself included. */
  knows(count: number): boolean {
    return new Set([...this.#people.values(), this.user]).size >= count;
  }

  /** From now on it notes who leaves and joins, and writes. */
  start(): void {
    this.#isObserving = true;
    this.#writing = this.#write();
  }

  /** Resolves when its last message is acknowledged. */
  async stopWriting(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
  }

  leave(): void {
    this.#client.onLost = () => {};
    this.#client.dispose();
  }

  async #write(): Promise<void> {
    for (let number = 0; !this.#isOver; number += 1) {
      const text = `${this.user} ${number}`;
      while (!(await this.#say(text))) await sleep(RETRY_MS);
      this.written = number + 1;
      await sleep(INTERVAL_MS);
    }
  }

  /** The id makes it one message, however often it is sent. */
  async #say(text: string): Promise<boolean> {
    await this.#returning;
    const sent = this.#client.request('message', { kind: 'chat', id: text, data: { text } });
    const response = await Promise.race([sent, this.#next.promise]);
    if (response === GOES_ON || response.result) return response !== GOES_ON;
    if (!response.error?.data.retryable) this.faults.push(`${text}: ${response.error?.data.code}`);
    return false;
  }

  #comeBack(): Promise<void> {
    this.#returning ??= this.#return().finally(() => {
      this.#returning = undefined;
    });
    return this.#returning;
  }

  async #return(): Promise<void> {
    const start = performance.now();
    await this.#reconnect();
    if (this.#isObserving) this.awayMs = Math.max(this.awayMs, Math.round(performance.now() - start));
  }

  async #reconnect(): Promise<void> {
    for (;;) {
      try {
        await this.#client.connect();
        if (await this.#resume()) return;
        await this.#join();
        return;
      } catch {
        await sleep(RETRY_MS);
      }
    }
  }

  async #resume(): Promise<boolean> {
    if (!this.#client.session) return false;
    const { error } = await this.#client.resume();
    if (!error) this.resumptions += 1;
    return !error;
  }

  async #join(): Promise<void> {
    this.#client.forget();
    const { sessionId, sessionToken } = this.#token;
    const params = {
      sid: this.room,
      uid: this.user,
      offer: { type: 'offer', sdp: fakeOffer() },
      capabilities: ['resume', 'rejoin', 'move'],
      ...(sessionId !== '' && { replaces: { sessionId, sessionToken } }),
    };
    const ended = this.#client.connection.ended().then((code): WireMessage => {
      throw new Error(`closed with ${code} during the join`);
    });
    const { result, error } = await Promise.race([this.#client.join(params), ended]);
    if (!result) throw new Error(error?.message);
    this.#token = result as unknown as Person & { sessionToken: string };
    this.joins += 1;
    this.#peer = 1;
    this.#lastPeer = 1;
    const before = this.#next;
    this.#next = deferred();
    before.resolve();
  }

  #note({ method, params = {}, result }: WireMessage): void {
    const snapshot = result?.snapshot as typeof result;
    for (const state of [result, snapshot]) {
      this.#meet(state?.participants);
      for (const message of (state?.messages ?? []) as Record<string, unknown>[]) this.#hear(message);
    }
    if (method === 'message') this.#hear(params);
    else if (method === 'rejoin') void this.#rejoin(params);
    else if (method === 'goaway') setImmediate(() => void this.#comeBack());
    else if (method === 'participants') this.#observe(params);
  }

  #hear({ id, kind, data }: Record<string, unknown>): void {
    if (kind !== 'chat' || this.#known.has(String(id))) return;
    this.#known.add(String(id));
    this.texts.push((data as { text: string }).text);
  }

  #observe({ left, joined, listed, updated }: Record<string, unknown>): void {
    const tell = (userId: string | undefined, what: string) => {
      if (this.#isObserving && userId !== this.user) this.departures.push(`${userId} ${what}`);
    };
    for (const sessionId of (left ?? []) as string[]) tell(this.#people.get(sessionId), 'left');
    for (const { userId, sessionId } of (joined ?? []) as Person[])
      if (!this.#people.has(sessionId)) tell(userId, 'joined');
    for (const people of [joined, listed, updated]) this.#meet(people);
  }

  #meet(people: unknown): void {
    for (const { sessionId, userId } of (people ?? []) as Person[]) this.#people.set(sessionId, userId);
  }

  /** Its room moves to another SFU node. */
  async #rejoin({ peer, afterMs }: Record<string, unknown>): Promise<void> {
    if (this.#isRejoining || peer !== this.#peer) return;
    this.#isRejoining = true;
    await sleep(Number(afterMs));
    this.#lastPeer += 1;
    const next = this.#lastPeer;
    const offer = { type: 'offer', sdp: fakeOffer() };
    const sent = this.#client.request('rejoin', { peer: next, offer, renamed: {} });
    const response = await Promise.race([sent, this.#next.promise]);
    this.#isRejoining = false;
    if (response === GOES_ON) return;
    const { result, error } = response;
    if (error && !error.data.retryable) this.faults.push(`${this.user} rejoins: ${error.data.code}`);
    if (!result) return;
    this.#peer = next;
    void this.#client.request('leave', { peer });
  }
}

function deferred() {
  let resolve = () => {};
  const promise = new Promise<typeof GOES_ON>((settle) => {
    resolve = () => settle(GOES_ON);
  });
  return { promise, resolve };
}
