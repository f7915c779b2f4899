import type { ScrapeContext } from './scrape-context.js';

/** A value with its labels. `suffix` is of the parts of a histogram. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** One metric: what it is called after the prefix, and how it is read of a relay. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** What becomes of the values of several processes, where prom-client puts them together. @default 'sum' */
  readonly aggregator?: 'min' | 'max';
  /** Asks the SFU. */
  readonly probes?: true;
  read(scrape: ScrapeContext): readonly Sample[] | Promise<readonly Sample[]>;
}
