/**
 * Tells who has started this process where it listens; and, when told to, collects garbage for memory to be measured, and
 * says how many KiB of objects and their buffers are left.
 */
export function started(port) {
  process.on('SIGINT', () => process.exit());
  process.on('SIGUSR2', () => {
    for (let round = 0; round < 3; round += 1) globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    process.stdout.write(`${JSON.stringify({ live: (heapUsed + external) / 1024 })}\n`);
  });
  process.stdout.write(`${JSON.stringify({ port })}\n`);
}
