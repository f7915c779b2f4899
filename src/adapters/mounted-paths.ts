import { misconfigured } from '../util/check-options.js';

/** A WebSocketServer made with `{ server }` answers every path of its server. Other values begin with a slash. */
export const EVERY_PATH = '*';

/** A registered symbol, so that the ESM and the CommonJS copy of the library share the server's paths. */
const MOUNTS = Symbol.for('sfu-relay.mounts');

interface WithMounts {
  [MOUNTS]?: Set<string>;
}

/** The paths on which a server serves relays, in the order of the calls of `useServer()`. */
export function mountedPaths(server: object): Set<string> {
  const known = (server as WithMounts)[MOUNTS];
  if (known) return known;
  const paths = new Set<string>();
  Object.defineProperty(server, MOUNTS, { value: paths });
  return paths;
}

/**
 * Reserves a path for one relay: two relays on one path would both answer each client.
 * @returns a function that frees the path
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function takePath(server: object, path: string): () => void {
  const paths = mountedPaths(server);
  if (paths.has(path) || paths.has(EVERY_PATH) || (path === EVERY_PATH && paths.size > 0))
    throw misconfigured(
      'This server serves a relay already: call useServer() once a server, or give each relay a path of its own, useServer(relay, { server, path: "/other" }). A WebSocketServer made with { server } cannot share its server: it refuses every other path.',
    );
  paths.add(path);
  return () => void paths.delete(path);
}
