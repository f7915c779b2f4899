// @ts-check
/** Names: a friendly one to begin with, remembered when the person chose it, and a color for each. */

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
    return undefined; // storage may be forbidden
  }
}

/** @param {string} name */
export function rememberName(name) {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // then it isn't remembered
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
 * A hue from 0 to 359, always the same for a name.
 * @param {string} name
 */
export function hueOf(name) {
  let hash = 2166136261; // FNV-1a
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return hash % 360;
}
