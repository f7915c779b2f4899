/** What of a set of counters is not 0, by name. */
export function counted(set: Iterable<readonly [string, number]>): Record<string, number> {
  return Object.fromEntries([...set].filter(([, count]) => count > 0));
}
