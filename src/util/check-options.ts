import { RelayError, type RelayErrorCode } from '../protocol/errors.js';

/** `keyof`, of every member of a union. */
type KeyOf<Options> = Options extends unknown ? keyof Options : never;

/** The keys of an options interface. A missing or unknown key is a compile error. */
export type Keys<Options> = Readonly<Record<KeyOf<Options> & string, true>>;

interface OptionsOwner {
  /** The function or option that takes the options, as in the message: `jwt()`, `"limits"`. */
  readonly name: string;
  /** Correct code for the message: `jwt({ jwksUri, issuer, audience })`. */
  readonly example: string;
  /** Keys that belong elsewhere, with correct code: `hooks: { onJoin(…) {} }`. */
  readonly misplaced?: Readonly<Record<string, string>>;
  /** @default 'ERR_RELAY_CONFIG' */
  readonly code?: RelayErrorCode;
}

/** The error of a wrong option or argument of the application. Its message says what to write instead. */
export function misconfigured(message: string): RelayError {
  return new RelayError('ERR_RELAY_CONFIG', message);
}

/**
 * Refuses a value that is not an object, and unknown keys: a misspelled option would be ignored silently. A key with the value
 * undefined is ignored.
 * @throws RelayError whose message says what to write instead
 */
export function checkOptions(
  { name, example, misplaced = {}, code = 'ERR_RELAY_CONFIG' }: OptionsOwner,
  options: unknown,
  keys: Readonly<Record<string, true>>,
): void {
  if (!isOptions(options)) throw new RelayError(code, `${name} needs an object: write ${example}.`);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(keys, key)) continue;
    const advice = Object.hasOwn(misplaced, key)
      ? `Write ${misplaced[key]}.`
      : didYouMean(key, Object.keys(keys));
    throw new RelayError(code, `${name} takes no "${shorten(key)}". ${advice}`);
  }
}

/** An object with options as members. The contents of a Map, a Date or a promise are not members, and would be ignored. */
export function isOptions(value: unknown): value is object {
  return /^\[object (Object|Module)\]$/.test(Object.prototype.toString.call(value));
}

/**
 * Accepts a relay of this or of another copy of the library.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function checkRelay(name: string, example: string, relay: unknown): void {
  const { createSession, counters } = (relay ?? {}) as { createSession?: unknown; counters?: unknown };
  if (typeof createSession !== 'function' || typeof counters !== 'object')
    throw new RelayError('ERR_RELAY_CONFIG', `${name} needs an SfuRelay: write ${example}.`);
}

/** "Did you mean …?" with the closest name, or a list of all names if none is close. */
export function didYouMean(word: string, names: readonly string[]): string {
  const closest = closestOf(word, names);
  if (closest !== undefined) return `Did you mean "${closest}"?`;
  return names.length === 0 ? 'It takes none.' : `Write one of ${names.join(', ')}.`;
}

function closestOf(word: string, names: readonly string[]): string | undefined {
  const wanted = normalize(shorten(word));
  let closest: string | undefined;
  // A third of the letters may differ. A name that begins with the word is close: the unit at its end is missing.
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

/** Describes a received value for a message, without the contents of strings and objects: they may be secret or long. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'number')
    return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The Levenshtein distance: the number of letters to insert, delete or replace. */
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

/** Of setTimeout, which fires immediately for larger values. */
const MAX_INTEGER = 0x7fffffff;

/**
 * A whole number within the limits, or its default. Without a default (`NaN`) the option is required.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function integer<Name extends string>(
  options: { readonly [name in Name]?: number },
  name: Name,
  fallback: number,
  least = 1,
  most = MAX_INTEGER,
): number {
  const given: unknown = options[name];
  const value = given ?? fallback;
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number;
  const unit = name.endsWith('Ms') ? ', in milliseconds' : name.endsWith('Bytes') ? ', in bytes' : '';
  const received =
    given === undefined ? 'is missing' : `is ${typeof given === 'string' ? quote(given) : kindOf(given)}`;
  throw misconfigured(`"${name}" must be a whole number from ${least} to ${most}${unit}, and ${received}.`);
}

/** The beginning of a string that is not secret, for a message. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, 32));
}

/** One of the words; the first is the default. */
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

/** @throws RelayError `ERR_RELAY_CONFIG`, with the closest word */
export function checkWord(name: string, value: unknown, words: readonly string[]): void {
  if (words.includes(value as string)) return;
  const advice = typeof value === 'string' ? didYouMean(value, words) : `Write one of ${words.join(', ')}.`;
  throw misconfigured(`"${name}" is ${typeof value === 'string' ? quote(value) : kindOf(value)}. ${advice}`);
}
