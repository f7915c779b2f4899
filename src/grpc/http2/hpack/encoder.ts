import { STATIC_TABLE } from './static-table.js';

/** A table of no bytes, which a side that allows but a small one wants to be told (RFC 7541 § 4.2). */
const NO_TABLE = Buffer.of(0x20);
/** A field with a name of its own (RFC 7541 § 6.2.3). */
const NEVER_INDEXED = 0x10;

/**
 * A header block that stands alone (RFC 7541 § 6.2.2): nothing of it goes into the other side's table, so that one block
 * serves every call of a connection.
 */
export function encodeFields(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([
    NO_TABLE,
    ...Object.entries(fields).flatMap(([name, value]) => encodeField(name, value)),
  ]);
}

/** Those of an application, which come after the others; no proxy may put them into a table, as they may be secret (§ 7.1.3). */
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
