import type { Gauge } from 'prom-client';
import { misconfigured } from '../../util/check-options.js';
import type { Metric } from './metric.js';
import { METRICS } from './metrics.js';
import type { ResolvedMetricsOptions } from './options.js';
import type { ScrapeContext } from './scrape-context.js';

type Registry = ResolvedMetricsOptions['registry'];

/** A relay whose metrics are exported. */
export interface RelaySource {
  readonly scrape: ScrapeContext;
  readonly labels: Readonly<Record<string, string>>;
  readonly probeSfu: boolean;
}

/** The metrics of one prefix in one registry, and the relays that they are read from. */
export class RelayCollector {
  static readonly #collectors = new WeakMap<Registry, Map<string, RelayCollector>>();

  readonly #registry: Registry;
  readonly #sources = new Set<RelaySource>();
  readonly #families: readonly { name: string; family: MetricFamily }[];

  static of(registry: Registry, prefix: string): RelayCollector {
    const collectors = RelayCollector.#collectors.get(registry) ?? new Map<string, RelayCollector>();
    RelayCollector.#collectors.set(registry, collectors);
    const collector = collectors.get(prefix) ?? new RelayCollector(registry, prefix);
    collectors.set(prefix, collector);
    return collector;
  }

  private constructor(registry: Registry, prefix: string) {
    this.#registry = registry;
    this.#families = METRICS.map((metric) => {
      const name = prefix + metric.name;
      return { name, family: new MetricFamily(name, metric, this.#sources) };
    });
  }

  /** @throws RelayError `ERR_RELAY_CONFIG` */
  add(source: RelaySource): void {
    for (const { labels } of this.#sources) {
      if (isSame(labels, source.labels))
        throw misconfigured(
          'The registry has a relay with these labels already: give each its own, { labels: { relay: "eu-1" } }.',
        );
    }
    const taken = this.#families.find(({ name, family }) => {
      const other: unknown = this.#registry.getSingleMetric(name);
      return other !== undefined && other !== family;
    });
    if (taken)
      throw misconfigured(
        `The registry has another metric "${taken.name}" already: choose a "prefix" for this one.`,
      );
    this.#sources.add(source);
    for (const { family } of this.#families) this.#registry.registerMetric(family as unknown as Gauge);
  }

  /** Removes a relay; with the last one, the metrics are removed from the registry. */
  delete(source: RelaySource): void {
    if (!this.#sources.delete(source) || this.#sources.size > 0) return;
    for (const { name, family } of this.#families) {
      const registered: unknown = this.#registry.getSingleMetric(name);
      if (registered === family) this.#registry.removeSingleMetric(name);
    }
  }
}

/** One metric of all relays, in the shape of prom-client's metrics. */
class MetricFamily {
  /** Mutable: a registry for OpenMetrics removes `_total`. */
  name: string;
  readonly help: string;
  readonly type: Metric['type'];
  readonly aggregator: string;
  readonly #metric: Metric;
  readonly #sources: ReadonlySet<RelaySource>;

  constructor(name: string, metric: Metric, sources: ReadonlySet<RelaySource>) {
    this.name = name;
    this.help = metric.help;
    this.type = metric.type;
    this.aggregator = metric.aggregator ?? 'sum';
    this.#metric = metric;
    this.#sources = sources;
  }

  async get() {
    const { name, help, type, aggregator } = this;
    const values = await Promise.all([...this.#sources].map((source) => this.#read(source)));
    return { name, help, type, aggregator, values: values.flat() };
  }

  /** The values are the relay's, and cannot be reset. */
  reset(): void {}

  async #read({ scrape, labels, probeSfu }: RelaySource) {
    if (this.#metric.probes && !probeSfu) return [];
    const samples = await this.#metric.read(scrape);
    return samples.map((sample) => ({
      value: sample.value,
      labels: { ...labels, ...sample.labels },
      ...(sample.suffix && { metricName: this.name + sample.suffix }),
    }));
  }
}

function isSame(one: RelaySource['labels'], other: RelaySource['labels']): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
