import { STATIC_TABLE } from './static-table.js';

/** Sets the dynamic table to 0 bytes, as is required if the server reduces its size (RFC 7541 § 4.2). */
const NO_TABLE = Buffer.of(0x20);
/** A field with a literal name (RFC 7541 § 6.2.3). */
const NEVER_INDEXED = 0x10;

/**
 * Encodes a header block without the dynamic table (RFC 7541 § 6.2.2), so that all calls of a connection can use the same block.
 */
export function encodeFields(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([
    NO_TABLE,
    ...Object.entries(fields).flatMap(([name, value]) => encodeField(name, value)),
  ]);
}

/** Encodes the application's fields, which follow the others. Proxies must not index them, as they may be secret (§ 7.1.3). */
export function encodeMoreFields(fields: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, value]) => [
    Buffer.of(NEVER_INDEXED),
    ...encodeText(name),
    ...encodeText(value),
  ]);
  return Buffer.concat(parts);
}

function encodeField(name: string, value: string): Buffer[] {
  const whole = STATIC_TABLE.findIndex(([known, its]) => known === name && its === value) + 1;
  if (whole > 0) return [encodeInteger(whole, 7, 0x80)];
  const index = STATIC_TABLE.findIndex(([known]) => known === name) + 1;
  return [encodeInteger(index, 4, 0), ...(index === 0 ? encodeText(name) : []), ...encodeText(value)];
}

function encodeText(text: string): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  return [encodeInteger(bytes.length, 7, 0), bytes];
}

/** RFC 7541 § 5.1 */
function encodeInteger(value: number, prefixBits: number, flags: number): Buffer {
  const mask = 2 ** prefixBits - 1;
  if (value < mask) return Buffer.of(flags | value);
  const bytes = [flags | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.of(...bytes, rest);
}
