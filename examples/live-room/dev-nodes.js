// @ts-check
/** Development SFUs in this process. */
import { startDevSfu } from 'sfu-relay/testing';

const RESTART_AFTER_MS = 10_000;

/** @typedef {import('sfu-relay/testing').DevSfuOptions} DevSfuOptions */

/** A development SFU that can be killed, and then starts again on the same port. */
export class DevNode {
  #options;
  /** @type {import('sfu-relay/testing').DevSfu | undefined} undefined while it is down */
  #sfu;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #restart;
  #isOver = false;

  /** @param {DevSfuOptions} options @param {import('sfu-relay/testing').DevSfu} sfu */
  constructor(options, sfu) {
    this.#options = { ...options, port: sfu.port };
    this.#sfu = sfu;
    this.address = sfu.address;
  }

  /** @param {DevSfuOptions} options */
  static async start(options) {
    return new DevNode(options, await startDevSfu(options));
  }

  /** Ends it as a crash does: its streams and its media break. Does nothing while it is down. */
  async kill() {
    const sfu = this.#sfu;
    if (!sfu) return;
    this.#sfu = undefined;
    try {
      await sfu.stop();
    } finally {
      this.#startLater();
    }
  }

  /** For good. */
  async stop() {
    this.#isOver = true;
    clearTimeout(this.#restart);
    await this.#sfu?.stop();
  }

  #startLater() {
    if (!this.#isOver) this.#restart = setTimeout(() => this.#startAgain(), RESTART_AFTER_MS);
  }

  async #startAgain() {
    try {
      const sfu = await startDevSfu(this.#options);
      if (this.#isOver) await sfu.stop();
      else this.#sfu = sfu;
    } catch (error) {
      // Another program may have the port for a while.
      console.error(`The development SFU ${this.address} cannot start again:`, error);
      this.#startLater();
    }
  }
}
