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

  async aim({ port, pid }) {
    await this.#do({ do: 'target', url: `ws://127.0.0.1:${port}/rtc`, pid, ...DESCRIPTIONS });
  }

  join(count, { window, role, roomSize = 1 }) {
    return this.#do({ do: 'join', count, window, roomSize, offer: OFFERS[role] });
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

  stop() {
    this.#child.kill();
  }

  async #do(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const outcome = await this.#next();
    if (outcome.error) throw new Error(`${command.do}: ${outcome.lost} lost: ${outcome.error}`);
    return outcome;
  }
}
