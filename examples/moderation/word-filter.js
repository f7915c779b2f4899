// @ts-check
import { RelayError } from 'sfu-relay';

/**
 * A word filter for the hook `onMessage`: refuses chat messages that contain one of these words, or replaces the words by
 * asterisks. It matches whole words in any case, also with common substitutions (4 for a, full-width letters).
 * @param {readonly string[]} words
 * @param {{ mode?: 'refuse' | 'star' }} [options]
 * @returns {(message: import('sfu-relay').MessageContext) => unknown}
 */
export function wordFilter(words, { mode = 'refuse' } = {}) {
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}])(?:${words.map(disguised).join('|')})(?![\\p{L}\\p{N}])`,
    'giu',
  );
  return ({ kind, data }) => {
    if (kind !== 'chat' || words.length === 0) return undefined;
    const text = /** @type {{ text: string }} */ (data).text.normalize('NFKC');
    const clean = text.replace(pattern, (word) => '*'.repeat(word.length));
    if (clean === text) return undefined;
    if (mode === 'refuse') throw new RelayError('ERR_RELAY_FORBIDDEN', 'Please mind your words.');
    return { text: clean };
  };
}

/** @type {Record<string, string>} */
const DISGUISES = { a: '[a4@]', e: '[e3]', i: '[i1!]', o: '[o0]', s: '[s5$]', t: '[t7]' };

/** @param {string} word */
function disguised(word) {
  return [...word.toLowerCase()]
    .map((letter) => DISGUISES[letter] ?? letter.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&'))
    .join('');
}
