// @ts-check
/** User names: a random one at first; a chosen one is remembered; each has a color. */

const KEY = 'live-room.name';
const FIRST = ['Calm', 'Bright', 'Quiet', 'Swift', 'Kind', 'Bold', 'Merry', 'Clever', 'Sunny', 'Gentle'];
const SECOND = ['Otter', 'Heron', 'Fox', 'Lynx', 'Robin', 'Maple', 'Comet', 'Willow', 'Panda', 'Harbor'];

/** @param {string[]} words */
const any = (words) => words[Math.floor(Math.random() * words.length)];

export const randomName = () => `${any(FIRST)} ${any(SECOND)}`;

export function rememberedName() {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined; // storage may be disabled
  }
}

/** @param {string} name */
export function rememberName(name) {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // the name is not remembered
  }
}

/** @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}

/**
 * A hue from 0 to 359, the same for the same name.
 * @param {string} name
 */
export function hueOf(name) {
  let hash = 2166136261; // FNV-1a
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return hash % 360;
}
