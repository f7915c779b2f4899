import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jsonLines } from './json-lines.js';
import { onCore } from './machine.js';

const sdp = (name) => readFileSync(new URL(`../../test/fuzz/fixtures/${name}.sdp`, import.meta.url), 'utf8');

/** What the clients offer: one that publishes audio and video, as browsers do; one that only watches. */
const OFFERS = { publisher: sdp('offer-audio-video'), viewer: sdp('offer-viewer') };

/** What comes of it: Ion's answer, its offer, and the client's answer. */
const DESCRIPTIONS = {
  sfuAnswer: sdp('answer-tracks'),
  sfuOffer: sdp('offer-viewer'),
  answer: sdp('answer-empty'),
};

/** The process that plays the SFU and the clients. Each action rejects when a message was lost. */
export class Load {
  #child;
  #next;
  /** host:port of its SFU. */
  sfu;

  static async start(binary) {
    const command = binary
      ? [binary]
      : [process.execPath, fileURLToPath(new URL('../load/fallback.js', import.meta.url))];
    const load = new Load();
    load.#child = spawn(...onCore('load', command), { stdio: ['pipe', 'pipe', 'inherit'] });
    load.#next = jsonLines(load.#child);
    load.sfu = (await load.#next()).sfu;
    return load;
  }

  /** @param resumes whether the clients have the capability `resume` */
  async aim({ port, pid, resumes }) {
    await this.#do({ do: 'target', url: `ws://127.0.0.1:${port}/rtc`, pid, resumes, ...DESCRIPTIONS });
  }

  /** @param ask the role to ask for @param pictures whether each client has to have the right count of its room in the end */
  join(count, { window, role, ask, roomSize = 1, pictures }) {
    return this.#do({ do: 'join', count, window, roomSize, pictures, role: ask, offer: OFFERS[role] });
  }

  /**
   * Joins all to one room: the publishers first, then viewers, `rate` a second or `window` at a time. Resolves with joins
   * that have failed, too; `lost` is their number. `onStretch` gets the readings at both ends of each of the stretches.
   */
  fill(count, { publishers, rate, window, stretches, pictures }, onStretch) {
    const offers = { offer: OFFERS.viewer, publisherOffer: OFFERS.publisher };
    const command = { do: 'fill', count, publishers, rate, window, stretches, pictures, ...offers };
    return this.#run(command, onStretch);
  }

  /** Nothing for a second. */
  idle() {
    return this.#do({ do: 'idle' });
  }

  /** So many viewers of a filled room leave at once; until everybody else has the right count. */
  burst(count, { publishers }) {
    return this.#do({ do: 'burst', count, publishers, pictures: true });
  }

  /** Until the relay has closed all connections: `codes` has the number of connections by close code. */
  closed() {
    return this.#do({ do: 'closed' });
  }

  /** Cuts all connections, and joins again at once. */
  cut() {
    return this.#do({ do: 'cut', pictures: true });
  }

  leave() {
    return this.#do({ do: 'leave', window: 20 });
  }

  /** Candidates to the SFU and back, so many under way, or so many a second. */
  rounds(count, { window = 0, rate = 0, active = 0 }) {
    return this.#do({ do: 'rounds', count, window, rate, active });
  }

  messages(count, { window }) {
    return this.#do({ do: 'messages', count, window });
  }

  churn(count, { window, role }) {
    return this.#do({ do: 'churn', count, window, roomSize: 1, offer: OFFERS[role] });
  }

  /** So many at once, in rooms of ten, who wait and try again as they are told; resolves when all are in. */
  arrive(count) {
    return this.#do({ do: 'arrive', count, roomSize: 10, offer: OFFERS.viewer });
  }

  /** Resolves when all of them have been cut off and are in again. */
  comeBack(count) {
    return this.#do({ do: 'comeBack', count });
  }

  stop() {
    this.#child.kill();
  }

  async #do(command) {
    const outcome = await this.#run(command);
    if (outcome.error) throw new Error(`${command.do}: ${outcome.lost} lost: ${outcome.error}`);
    return outcome;
  }

  async #run(command, onStretch) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    for (;;) {
      const outcome = await this.#next();
      if (!outcome.stretch) return outcome;
      await onStretch(outcome);
    }
  }
}
