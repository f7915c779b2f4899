import { decodeHuffman } from './huffman.js';
import { STATIC_TABLE } from './static-table.js';

/** The default size of the dynamic table in bytes (RFC 9113 § 6.5.2). */
const TABLE_BYTES = 4096;
/** The overhead of a field, besides its name and value (RFC 7541 § 4.1). */
const FIELD_BYTES = 32;
/** The maximum size of a block's fields with their overhead: decoded fields are longer than their encoding. */
export const MAX_FIELDS_BYTES = 64 * 1024;

type Field = readonly [name: string, value: string];

/** Header fields by name. If a name occurs twice, the first field counts. */
export type Fields = Readonly<Record<string, string>>;

/**
 * Decodes all header blocks of one connection in order (RFC 7541): each may refer to earlier ones.
 */
export class HpackDecoder {
  /** The dynamic table, newest entry first. */
  #table: Field[] = [];
  #tableBytes = 0;
  #limit = TABLE_BYTES;
  #data: Buffer = Buffer.alloc(0);
  #at = 0;

  /**
   * Returns undefined if there are too many fields; the whole block is decoded nevertheless, as later blocks may refer to it.
   * @throws Error the block can't be decoded, so that no later one can either
   */
  decode(block: Buffer): Fields | undefined {
    this.#data = block;
    this.#at = 0;
    const fields: Record<string, string> = Object.create(null);
    let bytes = 0;
    let isFirst = true;
    while (this.#at < block.length) {
      const field = this.#field(isFirst);
      if (!field) continue;
      isFirst = false;
      const [name, value] = field;
      bytes += sizeOf(field);
      if (bytes <= MAX_FIELDS_BYTES) fields[name] ??= value;
    }
    return bytes <= MAX_FIELDS_BYTES ? fields : undefined;
  }

  /** Reads the next field; undefined for a resize of the table, which may precede the first field. */
  #field(isFirst: boolean): Field | undefined {
    const first = this.#data[this.#at] ?? 0;
    if (first & 0x80) return this.#entry(this.#integer(7));
    if (first & 0x40) {
      const field = this.#literal(6);
      this.#insert(field);
      return field;
    }
    if (first & 0x20) {
      if (!isFirst) throw new Error('a table resized between fields');
      this.#resize(this.#integer(5));
      return undefined;
    }
    return this.#literal(4);
  }

  #literal(prefixBits: number): Field {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#text() : this.#entry(index)[0];
    return [name, this.#text()];
  }

  /** RFC 7541 § 5.1, up to 28 bits. */
  #integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Error('a number that is too large');
  }

  #text(): string {
    const isHuffman = ((this.#data[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#data.length) throw new Error('a text that is not whole');
    this.#at = end;
    return isHuffman ? decodeHuffman(this.#data, start, end) : this.#data.toString('latin1', start, end);
  }

  #byte(): number {
    const byte = this.#data[this.#at];
    if (byte === undefined) throw new Error('a field that is not whole');
    this.#at += 1;
    return byte;
  }

  #entry(index: number): Field {
    const field = STATIC_TABLE[index - 1] ?? this.#table[index - 1 - STATIC_TABLE.length];
    if (!field) throw new Error(`no field ${index} in the table`);
    return field;
  }

  #insert(field: Field): void {
    this.#table.unshift(field);
    this.#tableBytes += sizeOf(field);
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES) throw new Error('a table of more bytes than agreed on');
    this.#limit = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#limit) {
      const oldest = this.#table.pop();
      this.#tableBytes -= oldest ? sizeOf(oldest) : this.#tableBytes;
    }
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + FIELD_BYTES;
}
