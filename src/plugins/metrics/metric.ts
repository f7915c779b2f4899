import type { ScrapeContext } from './scrape-context.js';

/** A value with its labels. `suffix` names a part of a histogram. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** One metric: its name without the prefix, and how it is read from a relay. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** How prom-client combines the values of several processes. @default 'sum' */
  readonly aggregator?: 'min' | 'max';
  /** The metric needs a request to the SFU. */
  readonly probes?: true;
  read(scrape: ScrapeContext): readonly Sample[] | Promise<readonly Sample[]>;
}
