import { parse } from 'yaml';
import { checkServerUrl } from '../grpc/server-url.js';
import { RelayError } from '../protocol/errors.js';
import type { SfuOptions } from '../sfu/ion/options.js';
import { checkOptions, didYouMean, misconfigured } from '../util/check-options.js';
import { isRecord } from '../util/is-record.js';

/**
 * The `sfu` section of a configuration file.
 * @category Configuration
 */
export interface SfuConfig extends Pick<SfuOptions, 'serverUrl'> {
  /**
   * For your code to read: `new SfuRelay` ignores it and always connects to the SFU. @default true
   */
  enabled: boolean;
}

const KEYS = {
  enabled: true,
  server_url: true,
  mode: true,
  cluster_nodes: true,
  load_balance_method: true,
} as const;

/** `single` is the older name of `standalone`. */
const MODES = ['standalone', 'single', 'cluster'];

const LOAD_BALANCE_METHODS = ['random', 'roundrobin', 'leastconn'];

/**
 * Reads the snake_case configuration, as YAML or already parsed, at the top level or under the key `sfu`:
 *
 * ```yaml
 * sfu:
 *   enabled: true
 *   server_url: localhost:5551
 *   mode: standalone
 * ```
 * `enabled: false` has no effect on `SfuRelay`: check the returned `enabled` before you create a relay. `cluster_nodes` and
 * `load_balance_method` belong to the mode `cluster`, which this version does not have: they are checked, and have no effect in
 * the mode `standalone`.
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
  if (typeof enabled !== 'boolean') throw misconfigured('"enabled" must be true or false.');
  checkCluster(config);
  return { enabled, serverUrl: checkServerUrl(server_url) };
}

/** An empty value in YAML is null. */
function checkCluster(config: Readonly<Record<string, unknown>>): void {
  checkWord('mode', config.mode ?? 'standalone', MODES);
  checkWord('load_balance_method', config.load_balance_method ?? 'roundrobin', LOAD_BALANCE_METHODS);
  const nodes = config.cluster_nodes ?? [];
  if (!Array.isArray(nodes))
    throw misconfigured('"cluster_nodes" must be a list of addresses: ["sfu-1:5551", "sfu-2:5551"].');
  for (const node of nodes) checkServerUrl(node);
  if (config.mode === 'cluster')
    throw misconfigured(
      '"mode" is "cluster", but this version speaks to one SFU only: write mode: standalone, and its address as server_url.',
    );
}

function checkWord(name: string, value: unknown, words: readonly string[]): void {
  if (words.includes(value as string)) return;
  const advice = typeof value === 'string' ? didYouMean(value, words) : `Write one of ${words.join(', ')}.`;
  throw misconfigured(`"${name}" is ${JSON.stringify(value)}. ${advice}`);
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new RelayError('ERR_RELAY_CONFIG', 'The SFU configuration is not valid YAML.', { cause: error });
  }
}
