// @ts-check
/** An SFU node: node node.js <port>. Ion in production, the development SFU here. */
import { startDevSfu } from 'sfu-relay/testing';

const sfu = await startDevSfu({ port: Number(process.argv[2]) });
process.send?.(sfu.port);
const stop = async () => {
  await sfu.stop();
  process.exit();
};
process.once('SIGTERM', stop);
process.once('message', stop);
// Ctrl+C reaches the whole group: server.js ends its parts one after the other.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
