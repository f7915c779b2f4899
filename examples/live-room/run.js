// @ts-check
/** The common part of all examples: the environment, the SFU, and the shutdown. */
import { explain, readConfig } from './config.js';
import { DevNode } from './dev-nodes.js';
import { closeOnSignal } from './shutdown.js';

/** @typedef {import('sfu-relay').CloseOptions} CloseOptions */

/**
 * Runs a server until Ctrl+C, SIGTERM or SIGHUP.
 * @param {string | { command: string, takesNodes: boolean }} start the command that starts it, for error messages; and whether
 *   it takes several dev SFUs
 * @param {(place: { port: number, host: string, serverUrl: string, nodes: DevNode[] }) =>
 *   Promise<(options: CloseOptions) => Promise<unknown>>} serve
 *   starts the server at a port and a host, in front of the SFU at `serverUrl`, or of all dev SFUs, `nodes`; returns a function
 *   that closes it
 */
export async function run(start, serve) {
  const { command, takesNodes } = typeof start === 'string' ? { command: start, takesNodes: false } : start;
  try {
    const { port, host, isPublic, urls, sfuUrl, nodeCount, iceAddresses, deploy } = readConfig(process.env);
    if (nodeCount > 1 && !takesNodes)
      throw new Error(
        `This example has one SFU: leave NODES out. Several are in: NODES=${nodeCount} npm start`,
      );
    console.log('Starting the live room …');

    // The SFU carries the media. The dev SFUs live in this process.
    /** @type {DevNode[]} */
    const nodes = [];
    while (!sfuUrl && nodes.length < nodeCount) nodes.push(await DevNode.start({ iceAddresses }));
    const addresses = nodes.map(({ address }) => address).join(', ');
    const serverUrl = sfuUrl ?? nodes[0]?.address ?? '';
    const close = await serve({ port, host, serverUrl, nodes });
    closeOnSignal(deploy, async (options) => {
      await close(options);
      await Promise.all(nodes.map((node) => node.stop()));
    });

    console.log(`
  Live room    ${urls.join('\n               ')}
  SFU          ${sfuUrl ?? `${nodeCount > 1 ? `${nodeCount} dev SFUs` : 'dev SFU'} in this process (${addresses})`}

  Open it in two tabs: go live in one and watch in the other. Ctrl+C ends it.
`);
    if (isPublic)
      console.log(
        '  This is a demo: it admits everybody who can reach these addresses, also as a moderator.\n',
      );
  } catch (error) {
    console.error(explain(error, command));
    process.exit(1);
  }
}
