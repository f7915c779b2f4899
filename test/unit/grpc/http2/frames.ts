/** HTTP/2's frames (RFC 9113 section 4), written and read by hand. */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const Flag = { NONE: 0, END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 0x20 } as const;

export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const DEFAULT_WINDOW = 65_535;
export const DEFAULT_FRAME_SIZE = 16_384;
const HEAD_BYTES = 9;
const EMPTY = Buffer.alloc(0);

export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
}

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = EMPTY): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

export function data(streamId: number, payload: Uint8Array, options: Padding & { endStream?: boolean } = {}) {
  const flags = options.endStream ? Flag.END_STREAM : Flag.NONE;
  return padded(FrameType.DATA, flags, streamId, payload, options);
}

interface HeadersOptions extends Padding {
  endStream?: boolean;
  /** With the PRIORITY flag and its five bytes. */
  priority?: boolean;
  /** Bytes of the block that each frame carries: HEADERS, then CONTINUATION. */
  cutAt?: readonly number[];
}

export function headers(streamId: number, block: Uint8Array, options: HeadersOptions = {}): Buffer {
  const pieces = cut(Buffer.from(block), options.cutAt ?? []);
  const [first = EMPTY, ...rest] = pieces;
  let flags: number = options.endStream ? Flag.END_STREAM : Flag.NONE;
  if (rest.length === 0) flags |= Flag.END_HEADERS;
  if (options.priority) flags |= Flag.PRIORITY;
  const start = options.priority ? Buffer.concat([Buffer.from([0, 0, 0, 0, 15]), first]) : first;
  return Buffer.concat([
    padded(FrameType.HEADERS, flags, streamId, start, options),
    ...rest.map((piece, n) => continuation(streamId, piece, n === rest.length - 1)),
  ]);
}

export function continuation(streamId: number, piece: Uint8Array, isLast: boolean): Buffer {
  return frame(FrameType.CONTINUATION, isLast ? Flag.END_HEADERS : Flag.NONE, streamId, piece);
}

export function settings(values: Partial<Record<keyof typeof Setting, number>> = {}): Buffer {
  const entries = Object.entries(values) as [keyof typeof Setting, number][];
  const payload = Buffer.concat(
    entries.map(([name, value]) => {
      const entry = Buffer.alloc(6);
      entry.writeUInt16BE(Setting[name], 0);
      entry.writeUInt32BE(value, 2);
      return entry;
    }),
  );
  return frame(FrameType.SETTINGS, Flag.NONE, 0, payload);
}

export const settingsAck = frame(FrameType.SETTINGS, Flag.ACK, 0);

/** @param payload eight bytes */
export function ping(payload: string | Uint8Array, isAck = false): Buffer {
  return frame(FrameType.PING, isAck ? Flag.ACK : Flag.NONE, 0, Buffer.from(payload));
}

export function goAway(lastStreamId: number, code: number, debug = ''): Buffer {
  return frame(
    FrameType.GOAWAY,
    Flag.NONE,
    0,
    Buffer.concat([uint32(lastStreamId), uint32(code), Buffer.from(debug)]),
  );
}

export function reset(streamId: number, code: number): Buffer {
  return frame(FrameType.RST_STREAM, Flag.NONE, streamId, uint32(code));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FrameType.WINDOW_UPDATE, Flag.NONE, streamId, uint32(increment));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Bytes in pieces of these sizes, and one of what is left over. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length || pieces.length === 0) pieces.push(bytes.subarray(at));
  return pieces;
}

interface Padding {
  /** Bytes of padding, with the PADDED flag; 0 is a padded frame too. */
  padding?: number;
}

function padded(type: number, flags: number, streamId: number, payload: Uint8Array, { padding }: Padding) {
  if (padding === undefined) return frame(type, flags, streamId, payload);
  const whole = Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)]);
  return frame(type, flags | Flag.PADDED, streamId, whole);
}

/** Takes the bytes of a connection in any pieces, and gives the frames that they complete. */
export class FrameReader {
  #rest: Buffer = EMPTY;

  read(bytes: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const frames: Frame[] = [];
    while (this.#rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        streamId: this.#rest.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#rest.subarray(HEAD_BYTES, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}
