import { unavailable } from '../../grpc/failed-connection.js';
import { checkServerUrl } from '../../grpc/server-url.js';
import { checkOptions, integer, type Keys, kindOf, misconfigured } from '../../util/check-options.js';
import { withDeadline } from '../../util/deadline.js';
import {
  ION_KEYS,
  type IonOptions,
  type ResolvedIonOptions,
  type ResolvedSfuOptions,
  resolveIonOptions,
} from '../ion/options.js';

export const MAX_WEIGHT = 1_000;

/**
 * One SFU node. What is left out is taken from the options of the cluster.
 * @category Configuration
 */
export interface SfuNodeOptions extends IonOptions {
  /** `host:port` of Ion's gRPC server, without a scheme: `sfu-1:5551`; or `unix:path` of its socket. */
  serverUrl: string;
  /** The node's share of new rooms, relative to the other nodes: a whole number from 1 to 1000. @default 1 */
  weight?: number;
  /** Streams (participants) that the node takes at most. New rooms go to other nodes then. @default that of the cluster */
  maxStreams?: number;
}

/**
 * Returns the nodes of a cluster: addresses, or options. It is called when the relay starts and every `refreshMs`. Its deadline is
 * `connectTimeoutMs`. If it fails, or returns no node, the relay keeps the nodes that it has.
 * @category Configuration
 */
export type SfuNodeResolver = () =>
  | readonly (string | SfuNodeOptions)[]
  | PromiseLike<readonly (string | SfuNodeOptions)[]>;

export interface ResolvedNodeOptions extends ResolvedSfuOptions {
  weight: number;
  /** Infinity: unlimited. */
  maxStreams: number;
}

/** What a node's options are completed with. */
export interface NodeDefaults extends ResolvedIonOptions {
  maxStreams: number;
}

const NODE_KEYS: Keys<SfuNodeOptions> = { serverUrl: true, weight: true, maxStreams: true, ...ION_KEYS };

/**
 * Checks a list of nodes, of the option `clusterNodes` or of `relay.setNodes()`.
 * @param name of the list, for errors
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead.
 */
export function resolveNodes(list: unknown, defaults: NodeDefaults, name: string): ResolvedNodeOptions[] {
  const nodes = new Map<string, ResolvedNodeOptions>();
  for (const node of resolveList(list, defaults, name)) {
    const key = addressKey(node.serverUrl);
    if (nodes.has(key))
      throw misconfigured(`${name} has "${node.serverUrl}" twice: write each address once, with a weight.`);
    nodes.set(key, node);
  }
  return [...nodes.values()];
}

function resolveList(list: unknown, defaults: NodeDefaults, name: string): ResolvedNodeOptions[] {
  if (!Array.isArray(list))
    throw misconfigured(
      `${name} must be a list of addresses${list === undefined ? ', and is missing' : `, and is ${kindOf(list)}`}: write ["sfu-1:5551", "sfu-2:5551"].`,
    );
  if (list.length === 0)
    throw misconfigured(`${name} is empty: write the address of at least one node, ["sfu-1:5551"].`);
  // Not by map(), which leaves out holes.
  return Array.from(list, (node: unknown, index) => resolveNode(node, defaults, `${name}[${index}]`));
}

function resolveNode(node: unknown, defaults: NodeDefaults, name: string): ResolvedNodeOptions {
  try {
    if (typeof node !== 'object' || node === null)
      return { ...defaults, serverUrl: checkServerUrl(node), weight: 1 };
    checkOptions({ name: 'A node', example: '{ serverUrl: "sfu-1:5551" }' }, node, NODE_KEYS);
    const options = node as SfuNodeOptions;
    return {
      ...resolveIonOptions(options, defaults),
      serverUrl: checkServerUrl(options.serverUrl),
      weight: integer(options, 'weight', 1, 1, MAX_WEIGHT),
      maxStreams: maxStreamsOf(options, defaults.maxStreams),
    };
  } catch (error) {
    throw error instanceof Error ? misconfigured(`${name}: ${error.message}`) : error;
  }
}

/** `Infinity` lifts the limit of the cluster for one node. */
export function maxStreamsOf(options: { maxStreams?: number }, fallback: number): number {
  if ((options.maxStreams ?? fallback) === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return integer(options, 'maxStreams', fallback);
}

/** Names of hosts are equal in any case. */
function addressKey(serverUrl: string): string {
  return serverUrl.startsWith('unix:') ? serverUrl : serverUrl.toLowerCase();
}

export async function callResolver(
  resolve: SfuNodeResolver,
  defaults: NodeDefaults,
): Promise<ResolvedNodeOptions[]> {
  const name = 'sfu.clusterNodes()';
  const timeoutMs = defaults.connectTimeoutMs;
  try {
    const late = () => new Error(`${name} has returned nothing within ${timeoutMs} ms`);
    const list = await withDeadline(Promise.resolve(resolve()), timeoutMs, late);
    const nodes = new Map<string, ResolvedNodeOptions>();
    for (const node of resolveList(list, defaults, name)) {
      const key = addressKey(node.serverUrl);
      if (!nodes.has(key)) nodes.set(key, node);
    }
    return [...nodes.values()];
  } catch (error) {
    throw unavailable(error instanceof Error ? error : new Error(`${name} has failed: ${String(error)}`));
  }
}
