/** Replaces Math.random, which the library's placement and pacing use, by a generator with a seed while `act` runs. */
export function withSeed(seed, act) {
  const original = Math.random;
  let state = seed >>> 0;
  // mulberry32
  Math.random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  try {
    return act();
  } finally {
    Math.random = original;
  }
}

/** The value below which a share of the values is. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
