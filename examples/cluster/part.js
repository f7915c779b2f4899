// @ts-check
/** A child process of the example that can be killed, and then starts again. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const RESTART_AFTER_MS = 10_000;

export class Part {
  #script;
  #args;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  #isOver = false;

  /** @param {string} name @param {string} script beside this file @param {string[]} args */
  constructor(name, script, args) {
    this.name = name;
    this.port = 0;
    this.#script = fileURLToPath(new URL(script, import.meta.url));
    this.#args = args;
  }

  get isUp() {
    return this.#child !== undefined;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** Resolves when it listens. It keeps its port when it starts again: the others know it by that. */
  async start() {
    const child = fork(this.#script, [String(this.port), ...this.#args]);
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`${this.name} ended at its start (${code ?? signal}).`);
    });
    ended.catch(() => {});
    const [port] = await Promise.race([once(child, 'message'), ended]);
    this.port = Number(port);
    this.#child = child;
    child.once('exit', (code) => {
      this.#child = undefined;
      // A supervisor waits after a crash only.
      if (!this.#isOver) setTimeout(() => this.#startAgain(), code === 0 ? 0 : RESTART_AFTER_MS);
    });
  }

  /** Ends it as a crash does. */
  kill() {
    this.#child?.kill('SIGKILL');
  }

  /**
   * For good.
   * @param {import('sfu-relay').CloseOptions} [options] of a relay
   */
  async stop(options = {}) {
    this.#isOver = true;
    const child = this.#child;
    if (!child) return;
    const ended = once(child, 'exit');
    child.send(options);
    await ended;
  }

  async #startAgain() {
    if (this.#isOver) return;
    try {
      await this.start();
      console.log(`${this.name} is back.`);
    } catch (error) {
      console.error(`${this.name} cannot start again:`, error);
      setTimeout(() => this.#startAgain(), RESTART_AFTER_MS);
    }
  }
}
