import { DEFAULT_FRAME_SIZE, DEFAULT_WINDOW, data, Flag, type Frame, FrameType, Setting } from './frames.js';
import type { RawPeer } from './raw-http2-server.js';

interface Queued {
  bytes: Buffer;
  /** Of the frame around this many of the bytes. */
  padding?: number;
}

/** Sends DATA for a server that obeys the client's windows: what they do not allow has to wait. */
export class ObeyingSender {
  readonly #peer: RawPeer;
  readonly #queues = new Map<number, Queued[]>();
  readonly #windows = new Map<number, number>();
  #connectionWindow = DEFAULT_WINDOW;
  #initialWindow = DEFAULT_WINDOW;

  constructor(peer: RawPeer) {
    this.#peer = peer;
    for (const frame of peer.frames) this.#learn(frame);
    peer.onFrame = (frame) => {
      this.#learn(frame);
      this.#flush();
    };
  }

  /** Bytes that wait for a window. */
  get waiting(): number {
    return [...this.#queues.keys()].reduce((sum, id) => sum + this.waitingOn(id), 0);
  }

  waitingOn(streamId: number): number {
    return (this.#queues.get(streamId) ?? []).reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** What waits for a stream that is over. */
  drop(streamId: number): void {
    this.#queues.delete(streamId);
  }

  send(streamId: number, bytes: Buffer, padding?: number): void {
    const queue = this.#queues.get(streamId) ?? [];
    this.#queues.set(streamId, queue);
    queue.push(padding === undefined ? { bytes } : { bytes, padding });
    this.#flush();
  }

  #learn({ type, flags, streamId, payload }: Frame): void {
    if (type === FrameType.SETTINGS && (flags & Flag.ACK) === 0) this.#resize(payload);
    if (type !== FrameType.WINDOW_UPDATE) return;
    const increment = payload.readUInt32BE(0);
    if (streamId === 0) this.#connectionWindow += increment;
    else this.#windows.set(streamId, this.#windowOf(streamId) + increment);
  }

  #resize(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== Setting.INITIAL_WINDOW_SIZE) continue;
      const size = payload.readUInt32BE(at + 2);
      for (const [id, window] of this.#windows) this.#windows.set(id, window + size - this.#initialWindow);
      this.#initialWindow = size;
    }
  }

  #windowOf(streamId: number): number {
    return this.#windows.get(streamId) ?? this.#initialWindow;
  }

  /** One frame of each stream in turn, until no window allows any. */
  #flush(): void {
    const frames: Buffer[] = [];
    for (let count = -1; count < frames.length; ) {
      count = frames.length;
      for (const [streamId, queue] of this.#queues) frames.push(...this.#next(streamId, queue));
    }
    if (frames.length > 0) this.#peer.send(...frames);
  }

  #next(streamId: number, queue: Queued[]): Buffer[] {
    const [next] = queue;
    if (!next) return [];
    const overhead = next.padding === undefined ? 0 : next.padding + 1;
    const window = Math.min(this.#connectionWindow, this.#windowOf(streamId), DEFAULT_FRAME_SIZE) - overhead;
    const piece = next.bytes.subarray(0, Math.max(window, 0));
    if (piece.length === 0) return [];
    this.#connectionWindow -= piece.length + overhead;
    this.#windows.set(streamId, this.#windowOf(streamId) - piece.length - overhead);
    next.bytes = next.bytes.subarray(piece.length);
    if (next.bytes.length === 0) queue.shift();
    return [data(streamId, piece, next.padding === undefined ? {} : { padding: next.padding })];
  }
}
