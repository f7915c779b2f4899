/** A piece of a stream: it ends at the offset `end` of the bytes, and with it ends the HTTP head or a frame, or neither. */
export interface Part {
  readonly end: number;
  readonly completes: 'head' | 'frame' | 'control frame' | undefined;
}

const HEAD_END = '\r\n\r\n';
/** A longer head is no handshake. */
const MAX_HEAD_LENGTH = 64 * 1024;
/** Opcodes from here on are those of ping, pong and close. */
const CONTROL = 0x8;
const MASK_KEY_BYTES = 4;

/**
 * Finds where the frames of a WebSocket end (RFC 6455 § 5.2), in the bytes of one direction that come in any pieces. A stream whose
 * HTTP head is not that of a WebSocket has no frames.
 */
export class FrameBoundaries {
  readonly #isHandshake: (head: string) => boolean;
  #state: 'head' | 'frames' | 'other' = 'head';
  #head = '';
  /** The first bytes of the current frame, up to its length. */
  #header: number[] = [];
  /** Of the current frame, once its length is known. */
  #bytesLeft: number | undefined;

  constructor(direction: 'toServer' | 'toClient') {
    this.#isHandshake =
      direction === 'toServer'
        ? (head) => /^upgrade:[ \t]*websocket/im.test(head)
        : (head) => head.startsWith('HTTP/1.1 101 ');
  }

  /** Whether the handshake is over, in this direction. */
  get isOpen(): boolean {
    return this.#state === 'frames';
  }

  /** Reads on from the offset `from`, to the end of what begins or continues there. */
  next(bytes: Buffer, from: number): Part {
    if (this.#state === 'frames') return this.#nextOfFrame(bytes, from);
    if (this.#state === 'head') return this.#nextOfHead(bytes, from);
    return { end: bytes.length, completes: undefined };
  }

  #nextOfHead(bytes: Buffer, from: number): Part {
    const before = this.#head.length;
    this.#head += bytes.toString('latin1', from);
    const found = this.#head.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length + 1));
    if (found < 0) {
      if (this.#head.length > MAX_HEAD_LENGTH) this.#endHead('other');
      return { end: bytes.length, completes: undefined };
    }
    const end = from + found + HEAD_END.length - before;
    this.#endHead(this.#isHandshake(this.#head.slice(0, found)) ? 'frames' : 'other');
    return { end, completes: 'head' };
  }

  #endHead(state: 'frames' | 'other'): void {
    this.#state = state;
    this.#head = '';
  }

  #nextOfFrame(bytes: Buffer, from: number): Part {
    let at = from;
    while (this.#bytesLeft === undefined && at < bytes.length) {
      this.#header.push(bytes[at] ?? 0);
      this.#bytesLeft = bytesAfter(this.#header);
      at += 1;
    }
    if (this.#bytesLeft === undefined) return { end: at, completes: undefined };
    const end = Math.min(bytes.length, at + this.#bytesLeft);
    this.#bytesLeft -= end - at;
    if (this.#bytesLeft > 0) return { end, completes: undefined };
    const [first = 0] = this.#header;
    this.#header = [];
    this.#bytesLeft = undefined;
    return { end, completes: (first & 0xf) >= CONTROL ? 'control frame' : 'frame' };
  }
}

/** The bytes of a frame after its length, with the mask key; undefined until the length is there. */
function bytesAfter(header: readonly number[]): number | undefined {
  const second = header[1];
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  if (header.length < 2 + lengthBytes) return undefined;
  const length = lengthBytes === 0 ? short : header.slice(2).reduce((sum, byte) => sum * 256 + byte, 0);
  return length + (second & 0x80 ? MASK_KEY_BYTES : 0);
}
