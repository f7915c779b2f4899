import { checkServerUrl } from '../../grpc/server-url.js';
import type { RelayError } from '../../protocol/errors.js';
import {
  checkOptions,
  checkWord,
  integer,
  type Keys,
  kindOf,
  misconfigured,
} from '../../util/check-options.js';
import { ION_KEYS, type IonOptions, resolveIonOptions } from '../ion/options.js';
import {
  callResolver,
  maxStreamsOf,
  type NodeDefaults,
  type ResolvedNodeOptions,
  resolveNodes,
  type SfuNodeOptions,
  type SfuNodeResolver,
} from './node-options.js';

export {
  MAX_WEIGHT,
  type ResolvedNodeOptions,
  resolveNodes,
  type SfuNodeOptions,
  type SfuNodeResolver,
} from './node-options.js';

/**
 * The SFU: one, or several nodes (docs/CLUSTER.md).
 * @category Configuration
 */
export type SfuOptions = StandaloneSfuOptions | ClusterSfuOptions;

/**
 * One SFU.
 * @category Configuration
 */
export interface StandaloneSfuOptions extends IonOptions {
  /** @default 'standalone' */
  mode?: 'standalone';
  /** `host:port` of Ion's gRPC server, without a scheme: `localhost:5551`; or `unix:path` of its socket. */
  serverUrl: string;
}

/**
 * Several SFU nodes. Each room is on one of them. All other options are the defaults of the nodes.
 * @category Configuration
 */
export interface ClusterSfuOptions extends IonOptions {
  mode: 'cluster';
  /** The nodes: a list, or a function that resolves it, such as `dnsSrv()`. */
  clusterNodes: readonly (string | SfuNodeOptions)[] | SfuNodeResolver;
  /** Chooses the node of a new room. @default 'leastconn' */
  loadBalanceMethod?: LoadBalanceMethod;
  /** Chooses the node of a new room before `loadBalanceMethod` does. @default none */
  selectNode?: SelectNode;
  /** Streams (participants) that one node takes at most. @default unlimited */
  maxStreams?: number;
  /** ms between two calls of a function `clusterNodes`, at least 1000. @default 30000 */
  refreshMs?: number;
}

/**
 * How the node of a new room is chosen among those that are up and below `maxStreams`, by weight: at `random`, in turn
 * (`roundrobin`), or the one with the fewest streams (`leastconn`).
 * @category Configuration
 */
export type LoadBalanceMethod = 'random' | 'roundrobin' | 'leastconn';

export const LOAD_BALANCE_METHODS: readonly LoadBalanceMethod[] = ['random', 'roundrobin', 'leastconn'];

/**
 * Chooses the node of a new room, such as one near its participants: returns the `serverUrl` of one of `nodes`, which are those
 * that are usable. `undefined` leaves the choice to `loadBalanceMethod`.
 * @category Configuration
 */
export type SelectNode = (context: {
  /** The room that needs a node. */
  readonly roomId: string;
  /** The participant who joins it first. */
  readonly userId: string;
  /** The nodes that may be chosen. */
  readonly nodes: readonly SfuNodeStatus[];
}) => string | undefined | PromiseLike<string | undefined>;

/**
 * The state of an SFU node, as this relay sees it.
 * @category Relay
 */
export interface SfuNodeStatus {
  readonly serverUrl: string;
  /** `unknown`: not probed yet; it is usable. */
  readonly state: 'up' | 'down' | 'unknown';
  /** Whether `relay.drainNode()` has been called: it takes no new rooms. */
  readonly draining: boolean;
  /** Streams (participants) of this relay on the node. */
  readonly streams: number;
  /** Rooms of this relay on the node. */
  readonly rooms: number;
  readonly weight: number;
  /** `Infinity` without a limit. */
  readonly maxStreams: number;
  /** Since when it has this state, in ms since the epoch. */
  readonly since: number;
  /** Why it is down. Its `cause` is for operators: it has the address and the reason. */
  readonly error?: RelayError;
}

/** What the pool takes. */
export interface ResolvedPoolOptions {
  isCluster: boolean;
  /** Without duplicates. Empty if a function resolves them. */
  nodes: readonly ResolvedNodeOptions[];
  /**
   * Calls the function `clusterNodes`. Resolves with at least one node, without duplicates.
   * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE` whose cause says what is wrong: keep the nodes that there are
   */
  resolveNodes: (() => Promise<ResolvedNodeOptions[]>) | undefined;
  refreshMs: number;
  loadBalanceMethod: LoadBalanceMethod;
  selectNode: SelectNode | undefined;
  /** For `resolveNodes` of a list that comes later. */
  defaults: NodeDefaults;
}

/** `enabled` comes from the configuration file, which `parseSfuConfig` reads. */
const KEYS: Keys<SfuOptions & { enabled?: boolean }> = {
  mode: true,
  serverUrl: true,
  clusterNodes: true,
  loadBalanceMethod: true,
  selectNode: true,
  maxStreams: true,
  refreshMs: true,
  ...ION_KEYS,
  enabled: true,
};

/** Options of the mode `cluster` only. */
const CLUSTER_ONLY = ['clusterNodes', 'loadBalanceMethod', 'selectNode', 'maxStreams', 'refreshMs'] as const;

const EXAMPLE = 'clusterNodes: ["sfu-1:5551", "sfu-2:5551"]';

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead. */
export function resolveSfuOptions(options: SfuOptions): ResolvedPoolOptions {
  if (options === undefined)
    throw misconfigured('"sfu" is missing: write sfu: { serverUrl: "localhost:5551" }.');
  checkOptions({ name: '"sfu"', example: 'sfu: { serverUrl: "localhost:5551" }' }, options, KEYS);
  checkWord('sfu.mode', options.mode ?? 'standalone', ['standalone', 'cluster']);
  return options.mode === 'cluster' ? resolveCluster(options) : resolveStandalone(options);
}

function resolveStandalone(options: StandaloneSfuOptions): ResolvedPoolOptions {
  for (const key of CLUSTER_ONLY)
    if (key in options && (options as unknown as ClusterSfuOptions)[key] !== undefined)
      throw misconfigured(
        `"sfu.${key}" is for several nodes: write sfu: { mode: "cluster", ${EXAMPLE} }, or leave it out.`,
      );
  const defaults = { ...resolveIonOptions(options), maxStreams: Number.POSITIVE_INFINITY };
  return {
    isCluster: false,
    nodes: [{ ...defaults, serverUrl: checkServerUrl(options.serverUrl), weight: 1 }],
    resolveNodes: undefined,
    refreshMs: DEFAULT_REFRESH_MS,
    loadBalanceMethod: 'leastconn',
    selectNode: undefined,
    defaults,
  };
}

const DEFAULT_REFRESH_MS = 30_000;

function resolveCluster(options: ClusterSfuOptions): ResolvedPoolOptions {
  const { clusterNodes, loadBalanceMethod = 'leastconn', selectNode } = options;
  const { serverUrl } = options as { serverUrl?: unknown };
  if (serverUrl !== undefined)
    throw misconfigured(
      `"sfu" has both "serverUrl" and the mode "cluster": write the address into the list of nodes, ${EXAMPLE}.`,
    );
  checkWord('sfu.loadBalanceMethod', loadBalanceMethod, LOAD_BALANCE_METHODS);
  if (selectNode !== undefined && typeof selectNode !== 'function')
    throw misconfigured(
      `"sfu.selectNode" must be a function, and is ${kindOf(selectNode)}: write selectNode: ({ nodes }) => nodes[0]?.serverUrl.`,
    );
  const resolve = typeof clusterNodes === 'function' ? clusterNodes : undefined;
  if (!resolve && options.refreshMs !== undefined)
    throw misconfigured(
      '"sfu.refreshMs" is for a function that resolves the nodes: write clusterNodes: dnsSrv("_grpc._tcp.sfu.example.com"), or leave it out.',
    );
  const defaults = {
    ...resolveIonOptions(options),
    maxStreams: maxStreamsOf(options, Number.POSITIVE_INFINITY),
  };
  return {
    isCluster: true,
    nodes: resolve ? [] : resolveNodes(clusterNodes, defaults, 'sfu.clusterNodes'),
    resolveNodes: resolve && (() => callResolver(resolve, defaults)),
    refreshMs: integer(options, 'refreshMs', DEFAULT_REFRESH_MS, 1_000),
    loadBalanceMethod,
    selectNode,
    defaults,
  };
}

/**
 * Checks the nodes of `relay.setNodes()`.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead.
 */
export function resolveLaterNodes(
  nodes: unknown,
  { isCluster, defaults }: ResolvedPoolOptions,
): ResolvedNodeOptions[] {
  if (!isCluster)
    throw misconfigured(
      `setNodes() is for several nodes: write sfu: { mode: "cluster", ${EXAMPLE} } in the options of the relay.`,
    );
  return resolveNodes(nodes, defaults, 'setNodes()');
}
