import type { ParticipantChange, PublishOptions, RelayClient, TracksEvent } from '../../src/client/index.js';
import type { TestPage } from './browser.js';
import { until } from './poll.js';

/** The client library that a page runs. */
export type ClientLibrary = 'sfu-relay/client' | 'ion-sdk-js';

const pages: Record<ClientLibrary, string> = { 'sfu-relay/client': 'relay.html', 'ion-sdk-js': 'ion.html' };

export interface Entry {
  url: string;
  room: string;
  user: string;
  role?: 'publisher' | 'subscriber';
  /** false: receive only what is asked for. */
  autoSubscribe?: boolean;
  /** Of our own client, as the next one. */
  resumeAcrossReloads?: boolean;
  /** Of our own client's connections. */
  rtcConfiguration?: RTCConfiguration;
  /** A video codec, as `video/H264`, that our own client's page does not play. */
  unplayable?: string;
}

interface Joined {
  sessionId: string;
  userId: string;
  participants: { userId: string; tracks: { trackId: string; streamId: string; kind: string }[] }[];
}

/** What the pages in test/browser/pages offer; what only our own client can is optional there. */
interface Driver {
  join(entry: Entry): Promise<Joined>;
  attach(session: { url: string; sessionId: string; sessionToken: string }): Promise<Joined>;
  publishCamera(options?: CameraOptions): Promise<Published>;
  publishCanvas(size?: Size, options?: PublishOptions): Promise<Published>;
  resizeCanvas(size: Size): void;
  unpublish(streamId: string): Promise<void>;
  sendFullLayer(active: boolean): Promise<void>;
  restartIce(): Promise<void>;
  leave(): Promise<void>;
  framesDecoded(): Promise<Record<string, number>>;
  bandwidth(): Promise<number>;
  received(): { streamId: string; kind: string; userId?: string }[];
  others(): string[];
  iceUfrag(): string | undefined;
  heard: Heard;
}

/** How to publish; `withoutFullLayer` of simulcast, until `sendFullLayer()`. */
export type CameraOptions = PublishOptions & { withoutFullLayer?: boolean };

export interface Size {
  width: number;
  height: number;
}

interface Published {
  streamId?: string;
  refused?: { code: string; message: string };
}

/** The client's events, in the order of their coming. */
export interface Heard {
  participants: { state: ParticipantChange['state']; participant: { userId: string } }[];
  tracks: { state: TracksEvent['state']; userId: string; tracks: { streamId: string; kind: string }[] }[];
  errors: { code: string; message: string }[];
  closes: { code: number; reason: string }[];
  speakers: string[];
  goaways: { reason: string; reconnectAfterMs: number }[];
}

declare global {
  interface Window {
    participant: Driver;
    /** Of our own library, on its page. */
    client: RelayClient;
  }
}

/** What a participant needs of a page: every driver of browsers has it. */
export interface OpenTab extends AsyncDisposable {
  readonly page: {
    evaluate<R, A>(work: (given: A) => R | Promise<R>, given: A): Promise<R>;
    evaluate<R>(work: () => R | Promise<R>): Promise<R>;
    waitForFunction(check: () => boolean): Promise<unknown>;
    reload(): Promise<unknown>;
  };
  /** Exceptions that nobody caught and console errors, as they came. */
  readonly errors: readonly string[];
}

/** Somebody in a room, in a browser page of their own. */
export class BrowserParticipant<Tab extends OpenTab = TestPage> {
  #joined: Joined | undefined;

  private constructor(
    readonly tab: Tab,
    private readonly entry: Entry,
  ) {}

  static async open<Tab extends OpenTab>(
    browser: { open(url: string): Promise<Tab> },
    pagesUrl: string,
    library: ClientLibrary,
    entry: Entry,
  ) {
    return new BrowserParticipant(await browser.open(`${pagesUrl}/pages/${pages[library]}`), entry);
  }

  /** The session on the relay; only our own client knows it. */
  get sessionId(): string {
    return this.#joined?.sessionId ?? '';
  }

  /** Who else was there at the moment of the join. */
  get found(): Joined['participants'] {
    return this.#joined?.participants ?? [];
  }

  async join(): Promise<this> {
    await this.tab.page.waitForFunction(() => window.participant !== undefined);
    this.#joined = await this.tab.page.evaluate((entry) => window.participant.join(entry), this.entry);
    return this;
  }

  /** Reloads the page and joins again. */
  async reload(): Promise<void> {
    await this.tab.page.reload();
    await this.join();
  }

  /** Publishes the fake camera and microphone; resolves with the stream's id. */
  async publishCamera(options?: CameraOptions): Promise<string> {
    return streamIdOf(await this.tryPublish(options));
  }

  /** Publishes a second video, drawn on a canvas; resolves with the stream's id. */
  async publishCanvas(size?: Size, options?: PublishOptions): Promise<string> {
    const given = { size, options };
    return streamIdOf(
      await this.tab.page.evaluate(
        (each) => window.participant.publishCanvas(each.size, each.options),
        given,
      ),
    );
  }

  /** Gives the last canvas that was published another size. */
  resizeCanvas(size: Size): Promise<void> {
    return this.tab.page.evaluate((given) => window.participant.resizeCanvas(given), size);
  }

  tryPublish(options?: CameraOptions): Promise<Published> {
    return this.tab.page.evaluate((given) => window.participant.publishCamera(given), options);
  }

  unpublish(streamId: string): Promise<void> {
    return this.tab.page.evaluate((id) => window.participant.unpublish(id), streamId);
  }

  restartIce(): Promise<void> {
    return this.tab.page.evaluate(() => window.participant.restartIce());
  }

  leave(): Promise<void> {
    return this.tab.page.evaluate(() => window.participant.leave());
  }

  framesDecoded(): Promise<Record<string, number>> {
    return this.tab.page.evaluate(() => window.participant.framesDecoded());
  }

  /** What the browser believes that it can send, in bit/s. */
  bandwidth(): Promise<number> {
    return this.tab.page.evaluate(() => window.participant.bandwidth());
  }

  received(): Promise<{ streamId: string; kind: string; userId?: string }[]> {
    return this.tab.page.evaluate(() => window.participant.received());
  }

  others(): Promise<string[]> {
    return this.tab.page.evaluate(() => window.participant.others());
  }

  heard(): Promise<Heard> {
    return this.tab.page.evaluate(() => window.participant.heard);
  }

  iceUfrag(): Promise<string | undefined> {
    return this.tab.page.evaluate(() => window.participant.iceUfrag());
  }

  /** Resolves when five more frames of the stream have been decoded than at the first look. */
  async sees(streamId: string): Promise<void> {
    let first: number | undefined;
    await until(`${this.entry.user} decodes the video of stream ${streamId}`, async () => {
      const decoded = await this.framesDecoded();
      const frames = decoded[streamId];
      if (frames === undefined) throw new Error(`decodes ${JSON.stringify(decoded)}`);
      first ??= frames;
      if (frames < first + 5) throw new Error(`${frames} frames, ${first} at first`);
      return true;
    });
  }

  /** Resolves when this participant's client has heard of something that satisfies `check`. */
  async hears(what: string, check: (heard: Heard) => boolean): Promise<void> {
    await until(`${this.entry.user} hears of ${what}`, async () => {
      const heard = await this.heard();
      if (!check(heard)) throw new Error(`heard ${JSON.stringify(heard)}`);
      return true;
    });
  }

  async close(): Promise<void> {
    await this.tab[Symbol.asyncDispose]();
  }
}

function streamIdOf({ streamId, refused }: Published): string {
  if (streamId === undefined) throw new Error(`the publishing was refused: ${JSON.stringify(refused)}`);
  return streamId;
}
