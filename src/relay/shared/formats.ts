/** The version of the library in the cards of processes: operators see it during a deploy, and nothing depends on it. A test holds it. */
export const VERSION = '0.1.0';

/**
 * The version of what processes tell each other: cards, a room's fields and entries, requests. Releases run side by side during a
 * deploy, so that a release reads what the one before writes, and ignores fields, entries of maps and requests that it does not know.
 * What changes its meaning gets another name. Where the release before would misunderstand what is written, the version grows: one release
 * reads both and writes the old one, the next one writes the new one.
 */
export const FORMAT = 1;
