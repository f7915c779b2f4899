function median(values) {
  return quantile(values, 0.5);
}

/** Between two values, so much of the way from one to the other. */
function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

/** The median, with the values that a quarter are below and above. */
export function quartiles(values) {
  return { median: median(values), lower: quantile(values, 0.25), upper: quantile(values, 0.75) };
}

/** The median, with the least and the greatest. */
export function summary(values) {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** A figure of one target, round by round. */
export function series({ results }, figure, sessions, target) {
  return results
    .filter((each) => each.figure === figure && each.sessions === sessions && each.target === target)
    .sort((one, other) => one.round - other.round);
}

/** One target's figure as a multiple of another's, each taken in the same round; undefined where one is missing. */
export function ratio(report, figure, sessions, target, peer) {
  return quotient(series(report, figure, sessions, target), series(report, figure, sessions, peer));
}

/** A target's figure at so many sessions as a multiple of that at fewer, each taken in the same round. */
export function trend(report, figure, target, most, fewest) {
  return quotient(series(report, figure, most, target), series(report, figure, fewest, target));
}

function quotient(ones, others) {
  const values = new Map(others.map(({ round, value }) => [round, value]));
  const ratios = ones
    // Of nothing there is no multiple.
    .filter(({ round }) => values.get(round))
    .map(({ round, value }) => value / values.get(round));
  return ratios.length > 0 ? summary(ratios) : undefined;
}

/** The next of 1, 2, 2.5 or 5 times a power of ten. */
export function roundUp(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value);
}
