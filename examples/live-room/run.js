// @ts-check
/** The common part of all examples: the environment, the SFU, and the shutdown. */
import { startDevSfu } from 'sfu-relay/testing';
import { explain, readConfig } from './config.js';

/**
 * Runs a server until Ctrl+C, SIGTERM or SIGHUP.
 * @param {string} command the command that starts it, for error messages
 * @param {(place: { port: number, host: string, serverUrl: string }) => Promise<() => Promise<void>>} serve starts the
 *   server at a port and a host, in front of the SFU at `serverUrl`; returns a function that closes it
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

  Open it in two tabs: go live in one and watch in the other. Ctrl+C ends it.
`);
    if (isPublic)
      console.log(
        '  This is a demo: it admits everybody who can reach these addresses, also as a moderator.\n',
      );

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
