import { createRequire } from 'node:module';
import { RelayError } from '../protocol/errors.js';

interface Peer {
  /** Of the package. */
  readonly name: string;
  /** What needs it: `jwt()`. */
  readonly user: string;
  /** How else it goes, as a clause; where it does. */
  readonly otherwise?: string;
}

/**
 * Loads an optional peer dependency when it is needed.
 * @throws RelayError `ERR_RELAY_CONFIG` that says how to install it.
 */
export async function loadPeer<Module>(peer: Peer, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    throw explain(peer, error);
  }
}

/**
 * As `loadPeer`, at once. A bundler does not see it: there has to be another way for those who use one.
 * @throws RelayError `ERR_RELAY_CONFIG` that says how to install it.
 */
export function requirePeer<Module>(peer: Peer): Module {
  try {
    return createRequire(typeof __filename === 'string' ? __filename : import.meta.url)(peer.name);
  } catch (error) {
    throw explain(peer, error);
  }
}

function explain({ name, user, otherwise }: Peer, cause: unknown): unknown {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // One of its own dependencies may be missing, too: that is another matter.
  if (!isMissing || !message.includes(`'${name}'`)) return cause;
  const advice = otherwise === undefined ? '' : `, or ${otherwise}`;
  return new RelayError(
    'ERR_RELAY_CONFIG',
    `${user} needs the package ${name}: npm install ${name}${advice}.`,
    {
      cause,
    },
  );
}
