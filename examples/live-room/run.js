// @ts-check
/** The common part of all examples: the environment, the SFU, and the shutdown. */
import { startDevSfu } from 'sfu-relay/testing';
import { explain, readConfig } from './config.js';

/**
 * Runs a server until Ctrl+C, SIGTERM or SIGHUP.
 * @param {string} command what starts it, for advice
 * @param {(place: { port: number, host: string, serverUrl: string }) => Promise<() => Promise<void>>} serve starts it
 *   at a port and a host, in front of the SFU at `serverUrl`; gives what ends it
 */
export async function run(command, serve) {
  try {
    const { port, host, isPublic, urls, sfuUrl, iceAddresses } = readConfig(process.env);
    console.log('Starting the live room …');

    // The SFU carries the media. The dev SFU lives in this process.
    const devSfu = sfuUrl ? undefined : await startDevSfu({ iceAddresses });
    const serverUrl = sfuUrl ?? devSfu?.address ?? '';
    const close = await serve({ port, host, serverUrl });

    console.log(`
  Live room    ${urls.join('\n               ')}
  SFU          ${devSfu ? `dev SFU in this process (${serverUrl})` : serverUrl}

  Open it in two tabs: go live in one, watch in the other. Ctrl+C ends it.
`);
    if (isPublic) console.log('  This is a demo: whoever reaches these addresses may enter, and moderate.\n');

    // A second Ctrl+C exits at once.
    let stopping = false;
    const stop = async () => {
      if (stopping) process.exit(1);
      stopping = true;
      console.log('Closing …');
      await close();
      await devSfu?.stop();
      process.exit(0);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    // The terminal was closed.
    process.on('SIGHUP', stop);
  } catch (error) {
    console.error(explain(error, command));
    process.exit(1);
  }
}
