// @ts-check
/** An SFU node: node node.js <port>. Ion in production, the development SFU here. */
import { startDevSfu } from 'sfu-relay/testing';

const sfu = await startDevSfu({ port: Number(process.argv[2]) });
process.send?.(sfu.port);
process.once('SIGTERM', async () => {
  await sfu.stop();
  process.exit();
});
// Ctrl+C reaches the whole group: run.js ends its parts one after the other.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
