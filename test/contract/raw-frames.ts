/** RFC 6455 § 5.2, by hand: right frames and wrong ones. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const MASK = Buffer.from([0x12, 0x34, 0x56, 0x78]);

/** A client's frame. Right by default: the last of its message, masked. */
export function frame(
  opcode: number,
  payload: Uint8Array = Buffer.alloc(0),
  { fin = true, masked = true } = {},
): Buffer {
  const head = Buffer.concat([
    Buffer.from([(fin ? 0x80 : 0) | opcode]),
    lengthField(payload.length, masked),
    masked ? MASK : Buffer.alloc(0),
  ]);
  return Buffer.concat([head, masked ? payload.map((byte, i) => byte ^ (MASK[i % 4] ?? 0)) : payload]);
}

/** A message in frames of `size` bytes each, cut wherever that falls. */
export function fragments(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const fin = at + size >= bytes.length;
    const opcode = at === 0 ? OPCODE.text : OPCODE.continuation;
    frames.push(frame(opcode, bytes.subarray(at, at + size), { fin }));
  }
  return frames;
}

/** A close frame's payload. */
export function closePayload(code: number, reason: string | Uint8Array = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
}

function lengthField(length: number, masked: boolean): Buffer {
  const bit = masked ? 0x80 : 0;
  if (length < 126) return Buffer.from([bit | length]);
  if (length < 65_536) return Buffer.from([bit | 126, length >> 8, length & 0xff]);
  const field = Buffer.alloc(9);
  field[0] = bit | 127;
  field.writeBigUInt64BE(BigInt(length), 1);
  return field;
}

export interface Frame {
  opcode: number;
  payload: Buffer;
}

/** Reads a server's frames, unmasked and whole, from bytes that come in any pieces. */
export class FrameReader {
  #bytes = Buffer.alloc(0);

  read(bytes: Buffer): Frame[] {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const frames: Frame[] = [];
    for (let found = this.#take(); found; found = this.#take()) frames.push(found);
    return frames;
  }

  #take(): Frame | undefined {
    const [first = 0, short = 0] = this.#bytes;
    const start = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (this.#bytes.length < start) return undefined;
    const length =
      short === 127
        ? Number(this.#bytes.readBigUInt64BE(2))
        : short === 126
          ? this.#bytes.readUInt16BE(2)
          : short;
    if (this.#bytes.length < start + length) return undefined;
    const payload = this.#bytes.subarray(start, start + length);
    this.#bytes = this.#bytes.subarray(start + length);
    return { opcode: first & 0x0f, payload };
  }
}
