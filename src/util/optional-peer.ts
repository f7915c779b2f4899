import { createRequire } from 'node:module';
import { RelayError } from '../protocol/errors.js';

interface OptionalPeer {
  /** The name of the package. */
  readonly name: string;
  /** The function that needs it: `jwt()`. */
  readonly user: string;
  /** An alternative to the installation, as a clause. */
  readonly otherwise?: string;
}

/**
 * Loads an optional peer dependency when it is needed.
 * @throws RelayError `ERR_RELAY_CONFIG` that says how to install it.
 */
export async function loadPeer<Module>(peer: OptionalPeer, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    throw explain(peer, error);
  }
}

/**
 * As `loadPeer`, but synchronous. Bundlers do not include the package, so callers need an alternative.
 * @throws RelayError `ERR_RELAY_CONFIG` that says how to install it.
 */
export function requirePeer<Module>(peer: OptionalPeer): Module {
  try {
    return createRequire(typeof __filename === 'string' ? __filename : import.meta.url)(peer.name);
  } catch (error) {
    throw explain(peer, error);
  }
}

function explain({ name, user, otherwise }: OptionalPeer, cause: unknown): unknown {
  const { code, message } = cause as NodeJS.ErrnoException;
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // A missing dependency of the package is a different error.
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
