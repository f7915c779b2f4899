import { loadPeer } from '../../util/optional-peer.js';

export type Jose = typeof import('jose');

let loading: Promise<Jose> | undefined;

/**
 * Loads jose, an optional peer dependency, at the first `jwt()`: introspection does not need it.
 * @throws RelayError `ERR_RELAY_CONFIG` that says how to install it
 */
export function loadJose(): Promise<Jose> {
  loading ??= loadPeer({ name: 'jose', user: 'jwt()' }, () => import('jose'));
  return loading;
}
