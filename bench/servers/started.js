import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const NANO_PER_MS = 1e6;
/** A delay is recorded by a timer: this long after a turn it has run. */
const RECORDED_MS = 20;

let histogram;

/** What this process does when it is told to, by a line with the name on its standard input. */
const COMMANDS = {
  /** Collects garbage for memory to be measured; says how many KiB of objects and their buffers are left. */
  memory() {
    for (let round = 0; round < 3; round += 1) globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return { live: (heapUsed + external) / 1024 };
  },
  /** How late the event loop was since this was asked last, in ms; the first time it begins to look. */
  async delay() {
    await sleep(RECORDED_MS);
    histogram ??= monitorEventLoopDelay({ resolution: 1 });
    const told = { p99: histogram.percentile(99) / NANO_PER_MS, max: histogram.max / NANO_PER_MS };
    histogram.enable();
    histogram.reset();
    return told;
  },
};

/** Tells who has started this process where it listens, and then serves its commands. `close` ends all connections. */
export async function started(port, close) {
  const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  const commands = {
    ...COMMANDS,
    async close() {
      const start = performance.now();
      await close();
      return { seconds: (performance.now() - start) / 1_000 };
    },
  };
  process.on('SIGINT', () => process.exit());
  say({ port });
  for await (const command of createInterface({ input: process.stdin })) say(await commands[command]());
  process.exit();
}
