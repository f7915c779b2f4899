import { setTimeout as sleep } from 'node:timers/promises';
import pTimeout from 'p-timeout';
import type { OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';
import type { Network, Switch } from './network.js';

/** What test/browser/pages/day.js offers. */
interface Page {
  errors: string[];
  closes: string[];
  join(entry: Entry & { media: { own: string; proxy: string } }): Promise<void>;
  send(what: 'camera' | 'screen', isOn: boolean): Promise<void>;
  muteAndUnmute(): Promise<void>;
  state(): string;
  departures(): number;
  hasMedia(): boolean;
  sends(): string[];
  roster(): Record<string, string[]>;
  frames(): Promise<Record<string, number>>;
}

declare global {
  interface Window {
    day: Page;
  }
}

interface Entry {
  url: string;
  room: string;
  user: string;
  role: 'publisher' | 'subscriber';
}

interface Setup {
  name: string;
  role: Entry['role'];
  room: string;
  tab: OpenTab;
  network: Network;
  /** The SFU's own media port, which the page must not use. */
  mediaPort: number;
}

/** How long a user may take to be in the room again. */
const PATIENCE = { timeoutMs: 90_000 };
/** Of whatever a page is asked: more than the client gives itself, with a recovery in between. */
const DEADLINE_MS = 120_000;
/** A client that has broken again and again without media for so long in between gives up (docs/CLIENT.md). */
const STABLE_MS = 10_000;

/** Firefox says of each page that it leaves with a WebSocket open, and of connections whose network is switched before they are connected. */
const OF_FIREFOX = /was interrupted while the page was loading|WebRTC: ICE failed/;

/** Somebody who spends the day in a room, in a page of a real browser and on a network of their own. */
export class User {
  readonly name: string;
  readonly publishes: boolean;
  readonly tab: OpenTab;
  readonly #setup: Setup;
  /** ms from each switch of networks until there was media again. */
  readonly recoveriesMs: number[] = [];
  #isCameraOn = false;
  /** performance.now() since which media was there, after the last change of networks. */
  #mediaSince = Number.NEGATIVE_INFINITY;
  /** Of the pages before the reloads. */
  #pastErrors: string[] = [];

  constructor(setup: Setup) {
    this.#setup = setup;
    this.name = setup.name;
    this.publishes = setup.role === 'publisher';
    this.tab = setup.tab;
  }

  async enter(): Promise<void> {
    const { room, role, network, mediaPort } = this.#setup;
    const entry = {
      url: `ws://127.0.0.1:${network.signalPort}/rtc`,
      room,
      user: this.name,
      role,
      media: { own: `127.0.0.1 ${mediaPort}`, proxy: network.mediaAddress },
    };
    const { page } = this.tab;
    await this.#inTime(
      'its page is loaded',
      page.waitForFunction(() => window.day !== undefined),
    );
    await this.#inTime(
      'it has joined',
      page.evaluate((given) => window.day.join(given), entry),
    );
    if (this.#isCameraOn) await this.#send('camera', true);
  }

  async toggleCamera(): Promise<void> {
    await this.#send('camera', !this.#isCameraOn);
    this.#isCameraOn = !this.#isCameraOn;
  }

  async shareScreen(): Promise<void> {
    await this.#send('screen', true);
    await this.#send('screen', false);
  }

  muteAndUnmute(): Promise<void> {
    return this.#ask('the room is told of a muted track', () => window.day.muteAndUnmute());
  }

  async reload(): Promise<void> {
    this.#pastErrors = await this.#told();
    await this.#inTime('its page is reloaded', this.tab.page.reload());
    await this.enter();
  }

  /** Changes the network, once the last one has served a while; resolves when the user is in the room again. */
  async changeNetwork(kind: Switch): Promise<void> {
    await sleep(Math.max(0, this.#mediaSince + 1.1 * STABLE_MS - performance.now()));
    const departures = await this.#departures();
    const switchedAt = performance.now();
    this.#setup.network.switch(kind);
    await until(
      `${this.name} notices a ${kind}`,
      async () => (await this.#departures()) > departures,
      PATIENCE,
    );
    await this.isBack();
    await until(
      `${this.name} has media again`,
      () => this.#ask('it knows its connections', () => window.day.hasMedia()),
      PATIENCE,
    );
    this.#mediaSince = performance.now();
    this.recoveriesMs.push(Math.round(this.#mediaSince - switchedAt));
  }

  async isBack(): Promise<void> {
    const state = await until(
      `${this.name} is in the room`,
      async () => {
        const now = await this.state();
        if (now !== 'joined' && now !== 'closed') throw new Error(`is ${now}`);
        return now;
      },
      PATIENCE,
    );
    if (state === 'closed') throw new Error(`${this.name} has been closed: ${await this.errors()}`);
  }

  async cameraIsOn(): Promise<void> {
    if (!this.#isCameraOn) await this.toggleCamera();
  }

  state(): Promise<string> {
    return this.#ask('it knows its state', () => window.day.state());
  }

  #departures(): Promise<number> {
    return this.#ask('it knows what has become of it', () => window.day.departures());
  }

  sends(): Promise<string[]> {
    return this.#ask('it knows what it sends', () => window.day.sends());
  }

  roster(): Promise<Record<string, string[]>> {
    return this.#ask('it knows who is there', () => window.day.roster());
  }

  frames(): Promise<Record<string, number>> {
    return this.#ask('it knows what it decodes', () => window.day.frames());
  }

  /** What the client has told the application of, and what the pages have thrown. */
  async errors(): Promise<string[]> {
    return [...(await this.#told()), ...this.tab.errors.filter((error) => !OF_FIREFOX.test(error))];
  }

  async #told(): Promise<string[]> {
    const { errors, closes } = await this.#ask('it knows its errors', () => ({
      errors: window.day.errors,
      closes: window.day.closes,
    }));
    return [...this.#pastErrors, ...errors, ...closes.map((close) => `closed: ${close}`)];
  }

  #send(what: 'camera' | 'screen', isOn: boolean): Promise<void> {
    return this.#inTime(
      `its ${what} is ${isOn ? 'published' : 'unpublished'}`,
      this.tab.page.evaluate((given) => window.day.send(given.what, given.isOn), { what, isOn }),
    );
  }

  #ask<Answer>(what: string, work: () => Answer | Promise<Answer>): Promise<Answer> {
    return this.#inTime(what, this.tab.page.evaluate(work));
  }

  /** Rejects with what was waited for, where it takes too long. */
  async #inTime<Result>(what: string, work: Promise<Result>): Promise<Result> {
    const late = async () => {
      const state = await pTimeout(
        this.tab.page.evaluate(() => window.day.state()),
        { milliseconds: 5_000, fallback: () => 'unknown: the page does not answer' },
      );
      throw new Error(`${this.name} waited ${DEADLINE_MS} ms until ${what}; its client's state is ${state}`);
    };
    return pTimeout(work, { milliseconds: DEADLINE_MS, fallback: late });
  }
}
