import { parse } from 'yaml';
import { RelayError } from './errors.js';
import { isRecord } from './record.js';
import { checkServerUrl, type SfuOptions } from './sfu/options.js';

/**
 * The `sfu` section of a configuration file.
 * @category Configuration
 */
export interface SfuConfig extends Pick<SfuOptions, 'serverUrl'> {
  /** @default true */
  enabled: boolean;
}

const KNOWN = ['enabled', 'server_url', 'mode', 'cluster_nodes', 'load_balance_method'];

function wrong(message: string): RelayError {
  return new RelayError('ERR_RELAY_CONFIG', message);
}

/**
 * Reads the snake_case form, as YAML or already parsed, by itself or below the key `sfu`:
 *
 * ```yaml
 * sfu:
 *   enabled: true
 *   server_url: localhost:5551
 *   mode: single
 * ```
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead.
 * @category Configuration
 */
export function parseSfuConfig(yaml: string | object): SfuConfig {
  const root = typeof yaml === 'string' ? parseYaml(yaml) : yaml;
  if (!isRecord(root)) throw wrong('The SFU configuration must be a mapping with "server_url".');
  const config = 'sfu' in root ? root.sfu : root;
  if (!isRecord(config)) throw wrong('"sfu" must be a mapping with "server_url".');

  const unknown = Object.keys(config).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) throw wrong(`"${unknown}" is not known here: ${KNOWN.join(', ')} are.`);
  const { enabled = true, server_url, mode = 'single' } = config;
  if (typeof enabled !== 'boolean') throw wrong('"enabled" must be true or false.');
  if (mode !== 'single')
    throw wrong('"mode" must be "single": this version speaks to one SFU, and knows no "cluster" yet.');
  return { enabled, serverUrl: checkServerUrl(server_url) };
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new RelayError('ERR_RELAY_CONFIG', 'The SFU configuration is not valid YAML.', { cause: error });
  }
}
