// @ts-check
/** User names: a random one at first; a chosen one is remembered. */

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
