/**
 * The time of day, ms since the epoch, which may be set forward and back at any moment: for times that are shown, stored or
 * compared with those of others (`exp` of a token, the end of a ban). A duration is measured by `performance.now()`, and
 * `Date` is forbidden everywhere else in src/ (biome.json).
 */
export function wallClock(): number {
  return Date.now();
}
