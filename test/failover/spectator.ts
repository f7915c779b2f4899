import type { BrowserParticipant, OpenTab } from '../support/participant.js';
import { until } from '../support/poll.js';

/** What a page has noticed. */
interface Noticed {
  states: string[];
  /** `error` and `close`. */
  errors: string[];
  /** The roster's changes: who has joined or left. */
  roster: string[];
  chats: string[];
  /** Chats that were not acknowledged. */
  unsent: string[];
  /** The connection's changes, and when they came (Date.now()). */
  connections: { state: string; at: number }[];
  /** The most audio tracks that a stream had at a time. */
  voices: number;
  /** When each frame of the first video was shown (Date.now()). */
  frames: number[];
  /** The streams that were received at first. */
  streams: MediaStream[];
}

declare global {
  interface Window {
    noticed: Noticed;
  }
}

/** What somebody in a page of the measured room has noticed. */
export interface Account extends Omit<Noticed, 'frames' | 'streams'> {
  user: string;
  /** Whether the application has the MediaStreams that it had at first, and plays them. */
  hasSameStreams: boolean;
}

/** Somebody in the measured room. */
export class Spectator {
  readonly user: string;
  readonly #participant: BrowserParticipant<OpenTab>;

  private constructor(user: string, participant: BrowserParticipant<OpenTab>) {
    this.user = user;
    this.#participant = participant;
  }

  /** From now on it is noticed what happens in the page. */
  static async of(user: string, participant: BrowserParticipant<OpenTab>): Promise<Spectator> {
    await participant.tab.page.evaluate(notice);
    return new Spectator(user, participant);
  }

  /** Writes one chat message after the other. */
  startChat(intervalMs: number): Promise<void> {
    return this.#participant.tab.page.evaluate(chatEvery, intervalMs);
  }

  /** Resolves with the number of messages that were written. */
  stopChat(): Promise<number> {
    return this.#participant.tab.page.evaluate(() => window.stopChat());
  }

  /** When the video went on after the fault (Date.now()): the end of the longest gap since. */
  async recovery(faultAt: number): Promise<number> {
    return until(
      `${this.user} is shown the video again`,
      () =>
        this.#participant.tab.page.evaluate((since) => {
          const { frames } = window.noticed;
          const first = frames.findLastIndex((at) => at <= since);
          const shown = frames.slice(Math.max(0, first));
          // Frames that were on their way are shown after the fault. Then it goes on for a while.
          let [longest, end] = [0, 0];
          for (let n = 1; n < shown.length - 10; n += 1) {
            const [before = 0, at = 0] = shown.slice(n - 1);
            if (at - before > longest) [longest, end] = [at - before, at];
          }
          return longest > 200 && window.client.state === 'joined' ? end : 0;
        }, faultAt),
      { intervalMs: 50 },
    );
  }

  /** When the connection was there again (Date.now()): the first of these changes since then. */
  back(state: string, since: number): Promise<number> {
    return until(
      `${this.user} has ${state}`,
      () =>
        this.#participant.tab.page.evaluate(
          ({ state: wanted, since: earliest }) =>
            window.noticed.connections.find((each) => each.state === wanted && each.at >= earliest)?.at ?? 0,
          { state, since },
        ),
      { intervalMs: 20, timeoutMs: 60_000 },
    );
  }

  /** When the first frame after this time was shown (Date.now()). */
  firstFrame(since: number): Promise<number> {
    return until(
      `${this.user} is shown a frame`,
      () =>
        this.#participant.tab.page.evaluate(
          (earliest) => window.noticed.frames.find((at) => at >= earliest) ?? 0,
          since,
        ),
      { intervalMs: 20 },
    );
  }

  /** The longest time between two frames, in ms. */
  longestGap(from: number, to: number): Promise<number> {
    return this.#participant.tab.page.evaluate(
      ({ from: first, to: last }) => {
        const shown = [first, ...window.noticed.frames.filter((at) => at >= first && at <= last), last];
        return Math.max(...shown.slice(1).map((at, n) => at - (shown[n] ?? at)));
      },
      { from, to },
    );
  }

  framesDecoded(): Promise<Record<string, number>> {
    return this.#participant.framesDecoded();
  }

  async account(): Promise<Account> {
    const noticed = await this.#participant.tab.page.evaluate(() => {
      const { frames: _, streams, ...rest } = window.noticed;
      const now = window.client.tracks.map(({ stream }) => stream);
      const played = [...document.querySelectorAll('video')].map(({ srcObject }) => srcObject);
      const hasSameStreams =
        now.length === streams.length &&
        now.every((stream) => streams.includes(stream)) &&
        streams.every((stream) => played.includes(stream));
      return { ...rest, hasSameStreams };
    });
    const { errors } = this.#participant.tab;
    return { ...noticed, user: this.user, errors: [...noticed.errors, ...errors] };
  }
}

/** In the page. */
function notice(): void {
  const { client } = window;
  const noticed: Noticed = {
    states: [client.state],
    errors: [],
    roster: [],
    chats: [],
    unsent: [],
    connections: [],
    voices: 0,
    frames: [],
    streams: client.tracks.map(({ stream }) => stream),
  };
  window.noticed = noticed;
  client.on('state', (state) => {
    noticed.states.push(state);
    noticed.connections.push({ state, at: Date.now() });
  });
  client.on('connection', ({ state }) => noticed.connections.push({ state, at: Date.now() }));
  client.on('error', ({ code, message }) => noticed.errors.push(`${code}: ${message}`));
  client.on('close', ({ code, reason }) => noticed.errors.push(`closed: ${code} ${reason}`));
  client.on('participants', ({ state, participant }) => {
    if (state !== 'updated') noticed.roster.push(`${participant.userId} ${state}`);
  });
  client.on('chat', ({ data }) => noticed.chats.push(data.text));
  const received = noticed.streams.map(({ id }) => id);
  const video = [...document.querySelectorAll('video')].find(({ id }) => received.includes(id));
  const shown = () => {
    noticed.frames.push(Date.now());
    for (const { stream } of client.tracks)
      noticed.voices = Math.max(noticed.voices, stream.getAudioTracks().length);
    video?.requestVideoFrameCallback(shown);
  };
  video?.requestVideoFrameCallback(shown);
}

declare global {
  interface Window {
    stopChat(): Promise<number>;
  }
}

/** In the page. */
function chatEvery(intervalMs: number): void {
  const sent: Promise<unknown>[] = [];
  const timer = setInterval(() => {
    const text = `message ${sent.length}`;
    sent.push(window.client.chat(text).catch((error) => window.noticed.unsent.push(`${text}: ${error}`)));
  }, intervalMs);
  window.stopChat = async () => {
    clearInterval(timer);
    await Promise.all(sent);
    return sent.length;
  };
}
