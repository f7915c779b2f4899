import type { OpenMetricsContentType, Registry } from 'prom-client';
import { checkOptions, type Keys, misconfigured } from '../../util/check-options.js';
import { isRecord } from '../../util/is-record.js';
import { requirePeer } from '../../util/optional-peer.js';
import { LABELS } from './metrics.js';

/**
 * Options of `collectMetrics()`; later changes have no effect.
 * @category Metrics
 */
export interface MetricsOptions {
  /** A registry of prom-client. @default its global one, `register` */
  registry?: Registry | Registry<OpenMetricsContentType>;
  /** The prefix of all names. @default 'sfu_relay_' */
  prefix?: string;
  /** Labels of all samples. Relays that share a registry need different ones. @default none */
  labels?: Readonly<Record<string, string>>;
  /**
   * Probe the SFU nodes at each scrape, as `relay.healthCheck()` does, for up to `healthTimeoutMs`. `false` omits `sfu_up` and
   * `sfu_probe_duration_seconds`. @default true
   */
  probeSfu?: boolean;
}

export type ResolvedMetricsOptions = Required<MetricsOptions>;

const KEYS: Keys<MetricsOptions> = { registry: true, prefix: true, labels: true, probeSfu: true };

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveMetricsOptions(options: MetricsOptions): ResolvedMetricsOptions {
  checkOptions({ name: 'collectMetrics()', example: 'collectMetrics(relay, { registry })' }, options, KEYS);
  const { registry = globalRegistry(), prefix = 'sfu_relay_', labels = {}, probeSfu = true } = options;
  if (typeof registry?.registerMetric !== 'function')
    throw misconfigured('"registry" must be one of prom-client: new Registry().');
  if (typeof prefix !== 'string' || !/^[a-zA-Z_:][\w:]*$/.test(prefix))
    throw misconfigured('"prefix" must be letters, digits and "_", such as "sfu_relay_".');
  if (typeof probeSfu !== 'boolean') throw misconfigured('"probeSfu" must be true or false.');
  checkLabels(labels);
  return { registry, prefix, labels: { ...labels }, probeSfu };
}

function globalRegistry(): Registry {
  const otherwise = 'pass { registry } of the one that is there';
  return requirePeer<typeof import('prom-client')>({
    name: 'prom-client',
    user: 'collectMetrics()',
    otherwise,
  }).register;
}

function checkLabels(labels: Readonly<Record<string, string>>): void {
  if (!isRecord(labels)) throw misconfigured('"labels" must be an object: { relay: "eu-1" }.');
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_]\w*$/.test(name) || name.startsWith('__'))
      throw misconfigured(`"labels" has "${name}": name labels by letters, digits and "_".`);
    if (LABELS.includes(name))
      throw misconfigured(`"labels" has "${name}", which metrics of the relay have: name it otherwise.`);
    if (typeof value !== 'string') throw misconfigured(`"labels.${name}" must be a string.`);
  }
}
