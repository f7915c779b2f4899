/**
 * The code lengths of all bytes and, as the last one, of the end of a string (RFC 7541, Appendix B). The code is canonical: the codes
 * follow from their lengths.
 */
const BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END = 256;
const MOST_BITS = 30;

/** The symbols in the order of their codes; for each length the first code and the index of its symbol. */
const SYMBOLS = [...BITS.keys()].sort((a, b) => (BITS[a] ?? 0) - (BITS[b] ?? 0) || a - b);
const FIRST_CODE: number[] = [];
const FIRST_SYMBOL: number[] = [];
const COUNT: number[] = [];
for (let bits = 1, code = 0, symbol = 0; bits <= MOST_BITS; bits += 1, code *= 2) {
  const count = BITS.filter((each) => each === bits).length;
  FIRST_CODE[bits] = code;
  FIRST_SYMBOL[bits] = symbol;
  COUNT[bits] = count;
  code += count;
  symbol += count;
}

/**
 * Decodes `data` from `start` to `end`.
 * @throws Error invalid padding
 */
export function decodeHuffman(data: Buffer, start: number, end: number): string {
  const text: number[] = [];
  let code = 0;
  let bits = 0;
  for (let at = start; at < end; at += 1) {
    const byte = data[at] ?? 0;
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((byte >> bit) & 1);
      bits += 1;
      const offset = code - (FIRST_CODE[bits] ?? 0);
      if (offset >= (COUNT[bits] ?? 0)) {
        if (bits >= MOST_BITS) throw new Error('a text that is no Huffman code');
        continue;
      }
      const symbol = SYMBOLS[(FIRST_SYMBOL[bits] ?? 0) + offset] ?? END;
      if (symbol === END) throw new Error('the end of a text within it');
      text.push(symbol);
      code = 0;
      bits = 0;
    }
  }
  // The padding is the beginning of END, which is all ones.
  if (bits > 7 || code !== 2 ** bits - 1) throw new Error('a text whose padding is wrong');
  return Buffer.from(text).toString('latin1');
}
