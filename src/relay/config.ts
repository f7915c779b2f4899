import { parse } from 'yaml';
import { checkServerUrl } from '../grpc/server-url.js';
import { RelayError } from '../protocol/errors.js';
import { resolveIonOptions } from '../sfu/ion/options.js';
import {
  type ClusterSfuOptions,
  LOAD_BALANCE_METHODS,
  type LoadBalanceMethod,
  MAX_WEIGHT,
  resolveNodes,
  type SfuNodeOptions,
  type StandaloneSfuOptions,
} from '../sfu/pool/options.js';
import { checkOptions, checkWord, integer, misconfigured } from '../util/check-options.js';
import { isRecord } from '../util/is-record.js';

/**
 * The `sfu` section of a configuration file: options of a relay.
 * @category Configuration
 */
export type SfuConfig = StandaloneSfuConfig | ClusterSfuConfig;

/**
 * The `sfu` section of a configuration file with one SFU.
 * @category Configuration
 */
export interface StandaloneSfuConfig extends Pick<StandaloneSfuOptions, 'mode' | 'serverUrl'> {
  /**
   * For your code to read: `new SfuRelay` ignores it and always connects to the SFU. @default true
   */
  enabled: boolean;
}

/**
 * The `sfu` section of a configuration file with several nodes.
 * @category Configuration
 */
export interface ClusterSfuConfig extends Pick<ClusterSfuOptions, 'mode' | 'loadBalanceMethod'> {
  /**
   * For your code to read: `new SfuRelay` ignores it and always connects to the SFU. @default true
   */
  enabled: boolean;
  clusterNodes: (string | SfuNodeOptions)[];
}

const KEYS = {
  enabled: true,
  server_url: true,
  mode: true,
  cluster_nodes: true,
  load_balance_method: true,
} as const;

const NODE_KEYS = { server_url: true, weight: true, max_streams: true } as const;

/** `single` is the older name of `standalone`. */
const MODES = ['standalone', 'single', 'cluster'];

/**
 * Reads the snake_case configuration, as YAML or already parsed, at the top level or under the key `sfu`:
 *
 * ```yaml
 * sfu:
 *   enabled: true
 *   server_url: localhost:5551
 *   mode: standalone
 * ```
 * Several nodes (docs/CLUSTER.md):
 *
 * ```yaml
 * sfu:
 *   mode: cluster
 *   cluster_nodes:
 *     - sfu-1:5551
 *     - { server_url: sfu-2:5551, weight: 2, max_streams: 5000 }
 *   load_balance_method: leastconn   # or random, roundrobin
 * ```
 * Keys of the other mode are checked, and have no effect: `cluster_nodes` and `load_balance_method` in the mode `standalone`, which
 * is the default, `server_url` in the mode `cluster`. `enabled: false` has no effect on `SfuRelay`: check the returned `enabled`
 * before you create a relay.
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead.
 * @category Configuration
 */
export function parseSfuConfig(yaml: string | object): SfuConfig {
  const root = typeof yaml === 'string' ? parseYaml(yaml) : yaml;
  if (!isRecord(root)) throw misconfigured('The SFU configuration must be a mapping with "server_url".');
  const config = 'sfu' in root ? root.sfu : root;
  if (!isRecord(config)) throw misconfigured('"sfu" must be a mapping with "server_url".');

  checkOptions({ name: '"sfu"', example: 'server_url: "localhost:5551"' }, config, KEYS);
  const { enabled = true, server_url } = config;
  const mode = config.mode ?? 'standalone';
  const loadBalanceMethod = config.load_balance_method ?? undefined;
  if (typeof enabled !== 'boolean') throw misconfigured('"enabled" must be true or false.');
  checkWord('mode', mode, MODES);
  if (loadBalanceMethod !== undefined)
    checkWord('load_balance_method', loadBalanceMethod, LOAD_BALANCE_METHODS);
  const clusterNodes = readNodes(config.cluster_nodes ?? []);
  if (mode !== 'cluster') return { enabled, serverUrl: checkServerUrl(server_url) };

  if (isSet(server_url)) checkServerUrl(server_url);
  resolveNodes(clusterNodes, { ...resolveIonOptions({}), maxStreams: Infinity }, 'cluster_nodes');
  return {
    enabled,
    mode: 'cluster',
    clusterNodes,
    ...(loadBalanceMethod !== undefined && { loadBalanceMethod: loadBalanceMethod as LoadBalanceMethod }),
  };
}

/** An empty value in YAML is null. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readNodes(nodes: unknown): (string | SfuNodeOptions)[] {
  if (!Array.isArray(nodes))
    throw misconfigured('"cluster_nodes" must be a list of addresses: ["sfu-1:5551", "sfu-2:5551"].');
  return nodes.map((node: unknown, index) => {
    if (!isRecord(node)) return checkServerUrl(node);
    const name = `"cluster_nodes[${index}]"`;
    checkOptions({ name, example: 'server_url: "sfu-1:5551"' }, node, NODE_KEYS);
    const limits = node as { weight?: number; max_streams?: number };
    return {
      serverUrl: checkServerUrl(node.server_url),
      ...(isSet(node.weight) && { weight: integer(limits, 'weight', 1, 1, MAX_WEIGHT) }),
      ...(isSet(node.max_streams) && { maxStreams: integer(limits, 'max_streams', 1) }),
    };
  });
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new RelayError('ERR_RELAY_CONFIG', 'The SFU configuration is not valid YAML.', { cause: error });
  }
}
