import { huffmanOf } from './huffman.js';

export type Field = readonly [name: string, value: string];

/** RFC 7541, Appendix A; an index is the place here, from 1. */
export const STATIC_TABLE: readonly Field[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  ...['200', '204', '206', '304', '400', '404', '500'].map((status): Field => [':status', status]),
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ...[
    ...['accept-language', 'accept-ranges', 'accept', 'access-control-allow-origin', 'age', 'allow'],
    ...['authorization', 'cache-control', 'content-disposition', 'content-encoding', 'content-language'],
    ...['content-length', 'content-location', 'content-range', 'content-type', 'cookie', 'date', 'etag'],
    ...['expect', 'expires', 'from', 'host', 'if-match', 'if-modified-since', 'if-none-match', 'if-range'],
    ...['if-unmodified-since', 'last-modified', 'link', 'location', 'max-forwards', 'proxy-authenticate'],
    ...['proxy-authorization', 'range', 'referer', 'refresh', 'retry-after', 'server', 'set-cookie'],
    ...['strict-transport-security', 'transfer-encoding', 'user-agent', 'vary', 'via', 'www-authenticate'],
  ].map((name): Field => [name, '']),
];

/** Bytes that an entry of the dynamic table costs beside its text. */
const ENTRY_OVERHEAD = 32;

/** What a literal does to the dynamic table. */
export type Indexing = 'incremental' | 'without' | 'never';

const LITERAL: Record<Indexing, { prefixBits: number; pattern: number }> = {
  incremental: { prefixBits: 6, pattern: 0x40 },
  without: { prefixBits: 4, pattern: 0x00 },
  never: { prefixBits: 4, pattern: 0x10 },
};

interface LiteralOptions {
  indexing?: Indexing;
  huffman?: boolean;
  /** Of the name, in the static or the dynamic table; written out without it. */
  nameIndex?: number;
}

/** A field written out. */
export function literal([name, value]: Field, options: LiteralOptions = {}): Buffer {
  const { indexing = 'without', huffman = false, nameIndex = 0 } = options;
  const { prefixBits, pattern } = LITERAL[indexing];
  const index = integer(nameIndex, prefixBits, pattern);
  return Buffer.concat([index, ...(nameIndex === 0 ? [text(name, huffman)] : []), text(value, huffman)]);
}

/** A field by its index. */
export function indexed(index: number): Buffer {
  return integer(index, 7, 0x80);
}

export function tableSizeUpdate(size: number): Buffer {
  return integer(size, 5, 0x20);
}

/** A block of literals that leave the table as it is. */
export function literals(...fields: Field[]): Buffer {
  return Buffer.concat(fields.map((field) => literal(field)));
}

/** RFC 7541, section 5.1. */
export function integer(value: number, prefixBits: number, pattern: number): Buffer {
  const limit = 2 ** prefixBits - 1;
  if (value < limit) return Buffer.from([pattern | value]);
  const bytes = [pattern | limit];
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function text(value: string, huffman: boolean): Buffer {
  const bytes = huffman ? huffmanOf(Buffer.from(value)) : Buffer.from(value);
  return Buffer.concat([integer(bytes.length, 7, huffman ? 0x80 : 0), bytes]);
}

/** How a field is to be written, where there is a choice. */
export interface Choice {
  huffman(): boolean;
  indexing(): Indexing;
  /** Whether an index is taken where there is one. */
  index(): boolean;
}

/** Writes blocks and keeps the dynamic table that the decoder must have. */
export class HpackEncoder {
  readonly #choice: Choice;
  #table: Field[] = [];
  #limit = 4_096;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  encode(fields: readonly Field[]): Buffer {
    return Buffer.concat(fields.map((field) => this.#encodeOne(field)));
  }

  /** To be put at the start of the next block. */
  resize(limit: number): Buffer {
    this.#limit = limit;
    this.#evict();
    return tableSizeUpdate(limit);
  }

  #encodeOne(field: Field): Buffer {
    const all = [...STATIC_TABLE, ...this.#table];
    const index = all.findIndex(([name, value]) => name === field[0] && value === field[1]) + 1;
    if (index > 0 && this.#choice.index()) return indexed(index);
    const nameIndex = this.#choice.index() ? all.findIndex(([name]) => name === field[0]) + 1 : 0;
    const indexing = this.#choice.indexing();
    if (indexing === 'incremental') {
      this.#table.unshift(field);
      this.#evict();
    }
    return literal(field, { indexing, huffman: this.#choice.huffman(), nameIndex });
  }

  #evict(): void {
    let total = 0;
    this.#table = this.#table.filter(([name, value]) => {
      total += name.length + value.length + ENTRY_OVERHEAD;
      return total <= this.#limit;
    });
  }
}
