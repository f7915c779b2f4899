import { RelayError, type RelayErrorCode } from '../protocol/errors.js';

/** `keyof`, also of each member of a union. */
type KeyOf<Options> = Options extends unknown ? keyof Options : never;

/** The keys of an options interface; one that is forgotten or does not exist is a compile error. */
export type Keys<Options> = Readonly<Record<KeyOf<Options> & string, true>>;

interface Subject {
  /** What takes the options, as the message names it: `jwt()`, `"limits"`. */
  readonly name: string;
  /** What to write: `jwt({ jwksUri, issuer, audience })`. */
  readonly example: string;
  /** @default 'ERR_RELAY_CONFIG' */
  readonly code?: RelayErrorCode;
}

/** The error of an option, or an argument of the application, that is wrong: the message says what to write instead. */
export function misconfigured(message: string): RelayError {
  return new RelayError('ERR_RELAY_CONFIG', message);
}

/**
 * Refuses what is no object, and keys that the interface does not have: a misspelled option would silently not hold.
 * A key whose value is undefined counts as left out.
 * @throws RelayError that says what to write instead.
 */
export function checkOptions(
  { name, example, code = 'ERR_RELAY_CONFIG' }: Subject,
  options: unknown,
  keys: Readonly<Record<string, true>>,
): void {
  if (!isOptions(options)) throw new RelayError(code, `${name} needs an object: write ${example}.`);
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined && !Object.hasOwn(keys, key))
      throw new RelayError(code, `${name} takes no "${shorten(key)}". ${didYouMean(key, Object.keys(keys))}`);
  }
}

/** Not a Map, a Date or a promise: what they hold is no member of theirs, so that no option of it would hold. */
export function isOptions(value: unknown): value is object {
  return /^\[object (Object|Module)\]$/.test(Object.prototype.toString.call(value));
}

/**
 * Whether it is a relay, be it of another copy of this library.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function checkRelay(name: string, example: string, relay: unknown): void {
  const { createSession, counters } = (relay ?? {}) as { createSession?: unknown; counters?: unknown };
  if (typeof createSession !== 'function' || typeof counters !== 'object')
    throw new RelayError('ERR_RELAY_CONFIG', `${name} needs an SfuRelay: write ${example}.`);
}

/** "Did you mean …?" with the closest name, or all the names where none is close. */
export function didYouMean(word: string, names: readonly string[]): string {
  const closest = closestOf(word, names);
  if (closest !== undefined) return `Did you mean "${closest}"?`;
  return names.length === 0 ? 'It takes none.' : `Write one of ${names.join(', ')}.`;
}

function closestOf(word: string, names: readonly string[]): string | undefined {
  const wanted = normalize(shorten(word));
  let closest: string | undefined;
  // A third of the letters may differ; a longer name that begins with the word is one without its unit.
  let least = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const known = normalize(name);
    const distance = wanted.length > 3 && known.startsWith(wanted) ? 1 : editDistance(wanted, known);
    if (distance >= least) continue;
    least = distance;
    closest = name;
  }
  return closest;
}

/** `server_url`, `serverURL` and `serverUrl` are the same word. */
function normalize(name: string): string {
  return name.replace(/[_-]/g, '').toLowerCase();
}

function shorten(key: string): string {
  return key.slice(0, 64);
}

/** What was given instead, for a message; of texts and objects not their contents, which may be secret or long. */
export function kindOf(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Levenshtein's: how many letters have to be inserted, deleted or replaced. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let column = 0; column < other.length; column += 1) {
      const replaced = (row[column] ?? 0) + (letter === other[column] ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** A whole number from `least` on, or its default. */
export function integer<Name extends string>(
  options: { readonly [name in Name]?: number },
  name: Name,
  fallback: number,
  least = 1,
): number {
  const value = options[name] ?? fallback;
  // setTimeout takes 31 bits, and fires at once beyond.
  if (!Number.isInteger(value) || value < least || value > 0x7fffffff)
    throw new RelayError('ERR_RELAY_CONFIG', `"${name}" must be a whole number from ${least} to 2147483647.`);
  return value;
}

/** One of some words; the first is the default. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  name: string,
  value: Words[number] | undefined,
  words: Words,
): Words[number] {
  const word = value ?? words[0];
  if (!words.includes(word))
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"${name}" must be one of ${words.map((each) => `"${each}"`).join(', ')}.`,
    );
  return word;
}
