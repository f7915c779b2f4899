import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { until } from './poll.js';

const maxLogChars = 64 * 1024;

/** Those that run. */
const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Vitest ends its workers by SIGTERM, of which 'exit' is not told. */
function killAllAndEnd(): void {
  killAll();
  process.kill(process.pid, 'SIGTERM');
}

function started(child: ChildProcess): void {
  if (running.size === 0) process.once('exit', killAll).once('SIGTERM', killAllAndEnd);
  running.add(child);
}

function ended(child: ChildProcess): void {
  running.delete(child);
  if (running.size === 0) process.off('exit', killAll).off('SIGTERM', killAllAndEnd);
}

/** A child process whose output is kept, bounded, and that never outlives the tests. */
export class Child {
  #log = '';
  #exited: Promise<unknown>;
  readonly #process: ChildProcess;

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#process = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-maxLogChars);
      });
    }
    started(this.#process);
    // 'error' comes instead of 'exit' when the command can't be started.
    this.#process.on('error', (error) => {
      this.#log += `\n${error.message}`;
    });
    this.#exited = Promise.race([once(this.#process, 'close'), errorOf(this.#process)]).finally(() =>
      ended(this.#process),
    );
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** What it prints from now on, line by line. */
  onLine(listener: (line: string) => void): void {
    for (const input of [this.#process.stdout, this.#process.stderr])
      if (input) createInterface({ input }).on('line', listener);
  }

  /** The last 64 Ki characters of stdout and stderr. */
  get log(): string {
    return this.#log;
  }

  get exitCode(): number | null {
    return this.#process.exitCode;
  }

  alive(): boolean {
    return this.#process.pid !== undefined && this.#process.exitCode === null && !this.#process.signalCode;
  }

  /** Resolves when the process has ended, however it did. */
  async ended(): Promise<void> {
    await this.#exited;
  }

  /** Resolves with the first match of `pattern` in the output; rejects with the output when the process ends first. */
  async output(pattern: RegExp): Promise<RegExpExecArray> {
    let over = false;
    this.#exited.then(() => {
      over = true;
    });
    for (;;) {
      const match = pattern.exec(this.#log);
      if (match) return match;
      if (over) throw new Error(`${this.#process.spawnfile} ended early:\n${this.#log.slice(-4_000)}`);
      await Promise.race([this.#exited, anyOutput(this.#process)]);
    }
  }

  /** Resolves when `isReady` gives something truthy; otherwise stops the process, and rejects with its output. */
  async ready(isReady: () => unknown): Promise<void> {
    const { spawnfile } = this.#process;
    const early = this.#exited.then(() => {
      throw new Error('it has ended');
    });
    try {
      await Promise.race([until(`${spawnfile} is ready`, isReady), early]);
    } catch (cause) {
      await this.stop('SIGKILL');
      throw new Error(`${spawnfile} does not serve:\n${this.#log.slice(-4_000)}`, { cause });
    }
  }

  /** SIGTERM, and after 5 s SIGKILL; resolves when it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.alive()) return;
    this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5_000);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** Resolves, for its loser in a race must not become an unhandled rejection. */
function errorOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('error', () => resolve()));
}

function anyOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      child.stdout?.off('data', done);
      child.stderr?.off('data', done);
      resolve();
    };
    child.stdout?.once('data', done);
    child.stderr?.once('data', done);
  });
}
