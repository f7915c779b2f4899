/** Tells who has started this process where it listens, and collects garbage when told to, for memory to be measured. */
export function started(port) {
  process.on('SIGINT', () => process.exit());
  process.on('SIGUSR2', () => {
    for (let round = 0; round < 3; round += 1) globalThis.gc();
    process.stdout.write(`${JSON.stringify({ collected: true })}\n`);
  });
  process.stdout.write(`${JSON.stringify({ port })}\n`);
}
