// @ts-check
/** What a name looks like: two letters and a color, which nobody else on this page has for as long as there are enough. */
import { setText } from './dom.js';

const HUES = 12;
/** Each hue with white letters on a dark ground, and with dark letters on a light one. */
const LOOKS = 2 * HUES;

/** @type {Map<string, number>} the look of each name, as they came */
const looks = new Map();

/**
 * Letters and color of an avatar, and the color for what is around it (`--hue`).
 * @param {HTMLElement} root with an element of the class `avatar`
 * @param {string} name
 */
export function paintAvatar(root, name) {
  const look = lookOf(name);
  root.style.setProperty('--hue', String(hueOf(name)));
  const avatar = /** @type {HTMLElement} */ (root.querySelector('.avatar'));
  avatar.classList.toggle('bright', look >= HUES);
  setText(avatar, initials(name));
}

/** The name's hue, from 0 to 359. @param {string} name */
export const hueOf = (name) => (lookOf(name) % HUES) * (360 / HUES);

/** @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters =
    words.length > 1 ? [words[0], words[words.length - 1]].map(first) : [...words[0]].slice(0, 2);
  return letters.join('').toUpperCase();
}

/** @param {string} word */
const first = (word) => [...word][0] ?? '';

/** @param {string} name */
function lookOf(name) {
  const known = looks.get(name);
  if (known !== undefined) return known;
  const wanted = hash(name) % LOOKS;
  if (looks.size === LOOKS) return wanted;
  const taken = new Set(looks.values());
  let look = wanted;
  while (taken.has(look)) look = (look + 1) % LOOKS;
  looks.set(name, look);
  return look;
}

/** FNV-1a. @param {string} text */
function hash(text) {
  let sum = 2166136261;
  for (const character of text) sum = Math.imul(sum ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return sum;
}
