/** One family of the text format of Prometheus (0.0.4). */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** By name and labels, as they were written: `name{label="value"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const LABELS = new RegExp(LABEL, 'g');
const HEAD = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(\\{${LABEL}(?:,${LABEL})*\\})? (\\S+)$`);

/** Reads what a scrape gave, by the names of the families. Throws where Prometheus would, and where it would be misled. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, { type: string; help: string; samples: Map<string, number> }>();
  let name = '';
  let help = '';
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, word, of = '', rest = ''] = HEAD.exec(line) ?? [];
    if (word === 'HELP') {
      if (families.has(of)) throw new Error(`${of} is there twice`);
      name = of;
      help = rest;
    } else if (word === 'TYPE') {
      if (of !== name) throw new Error(`${of} has no help`);
      families.set(of, { type: rest, help, samples: new Map() });
    } else {
      const [, sample = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      const family = families.get(name);
      if (!family || !sample) throw new Error(`can't be read: ${line}`);
      const isPart = family.type === 'histogram' && /_(bucket|sum|count)$/.test(sample);
      if ((isPart ? sample.replace(/_[a-z]+$/, '') : sample) !== name)
        throw new Error(`${sample} is in ${name}`);
      const key = sample + labels;
      if (family.samples.has(key)) throw new Error(`${key} is there twice`);
      // prom-client writes `Nan` for the mean of an empty histogram; Prometheus reads it in any case of its letters.
      const isNumber = value !== '' && !Number.isNaN(Number(value));
      if (!isNumber && value.toLowerCase() !== 'nan') throw new Error(`no number: ${line}`);
      family.samples.set(key, Number(value));
    }
  }
  for (const [of, family] of families) check(of, family);
  return families;
}

function check(name: string, { type, samples }: Family): void {
  if (!['counter', 'gauge', 'histogram'].includes(type)) throw new Error(`${name} is a ${type}`);
  if (type !== 'histogram') return;
  for (const [key, count] of samples) {
    if (!key.startsWith(`${name}_count`)) continue;
    const labels = labelsOf(key).join();
    const buckets = [...samples].filter(
      ([bucket]) =>
        bucket.startsWith(`${name}_bucket{`) && labelsOf(bucket).filter(isNotBound).join() === labels,
    );
    const counts = buckets.map(([, value]) => value);
    if (counts.some((value, index) => value < (counts[index - 1] ?? 0))) throw new Error(`${key} falls`);
    if (!buckets.at(-1)?.[0].includes('le="+Inf"') || counts.at(-1) !== count)
      throw new Error(`${key} is not the count of its buckets`);
  }
}

/** The labels' order means nothing: prom-client writes `le` first. */
const labelsOf = (key: string) => (key.match(LABELS) ?? []).sort();
const isNotBound = (label: string) => !label.startsWith('le=');
