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

/** Somebody who spends the day in a room, in a page of a real browser and on a network of their own. */
export class User {
  readonly name: string;
  readonly publishes: boolean;
  readonly tab: OpenTab;
  readonly #setup: Setup;
  #isCameraOn = false;
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
    await this.tab.page.waitForFunction(() => window.day !== undefined);
    await this.tab.page.evaluate((given) => window.day.join(given), entry);
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
    return this.tab.page.evaluate(() => window.day.muteAndUnmute());
  }

  async reload(): Promise<void> {
    this.#pastErrors = await this.errors();
    await this.tab.page.reload();
    await this.enter();
  }

  /** Changes the network; resolves when the client has noticed, and is in the room again. */
  async changeNetwork(kind: Switch): Promise<void> {
    this.#setup.network.switch(kind);
    await until(`${this.name} notices a ${kind}`, async () => (await this.state()) !== 'joined', {
      ...PATIENCE,
      intervalMs: 20,
    });
    await this.isBack();
  }

  isBack(): Promise<unknown> {
    return until(
      `${this.name} is in the room`,
      async () => {
        const state = await this.state();
        if (state !== 'joined') throw new Error(`is ${state}`);
        return true;
      },
      PATIENCE,
    );
  }

  async cameraIsOn(): Promise<void> {
    if (!this.#isCameraOn) await this.toggleCamera();
  }

  state(): Promise<string> {
    return this.tab.page.evaluate(() => window.day.state());
  }

  sends(): Promise<string[]> {
    return this.tab.page.evaluate(() => window.day.sends());
  }

  roster(): Promise<Record<string, string[]>> {
    return this.tab.page.evaluate(() => window.day.roster());
  }

  frames(): Promise<Record<string, number>> {
    return this.tab.page.evaluate(() => window.day.frames());
  }

  /** What the client has told the application of, and what the pages have thrown. */
  async errors(): Promise<string[]> {
    const { errors, closes } = await this.tab.page.evaluate(() => ({
      errors: window.day.errors,
      closes: window.day.closes,
    }));
    return [...this.#pastErrors, ...errors, ...closes.map((close) => `closed: ${close}`)];
  }

  #send(what: 'camera' | 'screen', isOn: boolean): Promise<void> {
    return this.tab.page.evaluate((given) => window.day.send(given.what, given.isOn), { what, isOn });
  }
}
