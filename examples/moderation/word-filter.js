// @ts-check
import { RelayError } from 'sfu-relay';

/**
 * A word filter, for the hook `onMessage`: chat that has one of these words is refused, or its words are starred out.
 * Words are found whole, in any case, and behind the commonest disguises (4 for a, full-width letters).
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
