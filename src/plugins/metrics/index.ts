/**
 * A relay's metrics for Prometheus, by prom-client. Guide: docs/METRICS.md.
 * @module sfu-relay/metrics
 */
import type { Principal } from '../../access/authentication.js';
import { closing } from '../../protocol/errors.js';
import type { SfuRelay } from '../../relay/relay.js';
import { checkRelay } from '../../util/check-options.js';
import { type MetricsOptions, resolveMetricsOptions } from './options.js';
import { RelayCollector, type RelaySource } from './relay-collector.js';
import { ScrapeContext } from './scrape-context.js';

export type { MetricsOptions } from './options.js';

/** @category Metrics */
export interface MetricsCollection {
  /** Removes the relay's metrics from the registry; a relay that has closed does so by itself. Idempotent. */
  stop(): void;
}

/**
 * Exports a relay's metrics to a registry of prom-client. The relay always counts events; everything else is computed at
 * the scrape.
 *
 * ```ts
 * collectMetrics(relay);
 * app.get('/metrics', async (_request, response) => {
 *   response.type(register.contentType).send(await register.metrics());
 * });
 * ```
 * @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead; `ERR_RELAY_CLOSED`: the relay is closing
 * @category Metrics
 */
export function collectMetrics<P extends Principal>(
  relay: SfuRelay<P>,
  options: MetricsOptions = {},
): MetricsCollection {
  checkRelay('collectMetrics()', 'collectMetrics(relay)', relay);
  const { registry, prefix, labels, probeSfu } = resolveMetricsOptions(options);
  if (relay.isClosing) throw closing();
  const collector = RelayCollector.of(registry, prefix);
  const source: RelaySource = { scrape: new ScrapeContext(relay), labels, probeSfu };
  collector.add(source);
  const stop = () => {
    relay.detach(attachment);
    collector.delete(source);
  };
  const attachment = { isLast: true, drain: async () => {}, terminate: stop };
  relay.attach(attachment);
  return { stop };
}
