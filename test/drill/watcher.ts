import { type Account, Spectator } from '../failover/spectator.js';
import { heard, listen, type Sound } from '../failover/tone.js';
import type { BrowserParticipant } from '../support/participant.js';

/** What somebody in a page has noticed during a step. */
export interface Noticed {
  user: string;
  /** The longest time between two frames, in ms. */
  gapMs: number;
  /** Of who listens to a chord. */
  sound?: Sound;
  /** States, errors, people who have left or joined. */
  events: string[];
}

/** Somebody in a page, whose frames and sounds are measured step by step. */
export class Watcher {
  readonly user: string;
  readonly spectator: Spectator;
  readonly #participant: BrowserParticipant;
  readonly #isListening: boolean;
  #before: string[] = [];

  private constructor(
    user: string,
    participant: BrowserParticipant,
    spectator: Spectator,
    isListening: boolean,
  ) {
    this.user = user;
    this.#participant = participant;
    this.spectator = spectator;
    this.#isListening = isListening;
  }

  /** @param chord the stream of a chord that it listens to */
  static async of(user: string, participant: BrowserParticipant, chord?: string): Promise<Watcher> {
    if (chord !== undefined) await listen(participant, chord);
    const spectator = await Spectator.of(user, participant);
    await participant.tab.page.evaluate(watchLaterVideos);
    return new Watcher(user, participant, spectator, chord !== undefined);
  }

  /** What it has noticed since the last time. */
  async noticed(from: number, to: number): Promise<Noticed> {
    const events = eventsOf(await this.spectator.account());
    const later = events.slice();
    for (const event of this.#before) later.splice(later.indexOf(event), 1);
    this.#before = events;
    return {
      user: this.user,
      gapMs: await this.spectator.longestGap(from, to),
      ...(this.#isListening && { sound: await heard(this.#participant, from, to) }),
      events: later,
    };
  }
}

function eventsOf({ states, errors, roster, unsent, voices, hasSameStreams }: Account): string[] {
  return [
    ...(hasSameStreams ? [] : ['other streams than before']),
    ...states.slice(1),
    ...errors,
    ...roster,
    ...unsent.map((text) => `not sent: ${text}`),
    ...(voices > 1 ? [`${voices} audio tracks at a time`] : []),
  ];
}

/** In the page: a client that has joined anew plays other streams. */
function watchLaterVideos(): void {
  const watch = (video: HTMLVideoElement) => {
    const shown = () => {
      window.noticed.frames.push(Date.now());
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes) if (node instanceof HTMLVideoElement) watch(node);
  }).observe(document.body, { childList: true });
}
