import { checkOptions, checkWord, integer, type Keys, misconfigured } from '../../util/check-options.js';
import type { Part } from './frame-boundaries.js';

/**
 * Towards the server, or towards the client.
 * @category Testing
 */
export type ProxyDirection = 'toServer' | 'toClient';

/**
 * Where a {@link FaultyProxy} cuts a connection.
 * @category Testing
 */
export interface CutPoint {
  direction: ProxyDirection;
  /**
   * Frames that still pass in this direction; with 0, the handshake only. Pings, pongs and close frames are not counted. Without
   * `frames`, `bytes` includes the handshake.
   */
  frames?: number;
  /** Bytes that pass after these frames: the connection is cut inside the next one. @default 0 */
  bytes?: number;
}

const KEYS: Keys<CutPoint> = { direction: true, frames: true, bytes: true };
const EXAMPLE = 'cutAfter({ direction: "toServer", frames: 3 })';

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function checkCutPoint(point: CutPoint): void {
  checkOptions({ name: 'cutAfter()', example: EXAMPLE }, point, KEYS);
  checkWord('direction', point.direction, ['toServer', 'toClient']);
  integer(point, 'frames', 0, 0);
  integer(point, 'bytes', 0, 0);
  if (point.frames === undefined && !point.bytes)
    throw misconfigured(`cutAfter() needs "frames" or "bytes": write ${EXAMPLE}.`);
}

/** Counts towards a {@link CutPoint} on one connection. */
export class CutCounter {
  /** Frames left; undefined once only bytes are. */
  #frames: number | undefined;
  #bytes: number;
  /** Whether the handshake is over, so that frames count. */
  #isOpen: boolean;

  constructor({ frames, bytes = 0 }: CutPoint, isOpen: boolean) {
    this.#frames = frames;
    this.#bytes = bytes;
    this.#isOpen = isOpen;
    this.#countBytesNow();
  }

  /** Whether nothing more may pass. */
  get isReached(): boolean {
    return this.#frames === undefined && this.#bytes === 0;
  }

  /** Counts a part of `length` bytes, and returns how many of them pass before the cut. */
  pass(length: number, completes: Part['completes']): number {
    if (this.#frames === undefined) {
      const passing = Math.min(this.#bytes, length);
      this.#bytes -= passing;
      return passing;
    }
    if (completes === 'head') this.#isOpen = true;
    else if (completes === 'frame') this.#frames -= 1;
    this.#countBytesNow();
    return length;
  }

  #countBytesNow(): void {
    if (this.#isOpen && this.#frames === 0) this.#frames = undefined;
  }
}
