import type { Socket } from 'node:net';
import { CutCounter, type CutPoint, type ProxyDirection } from './cut-point.js';
import { FrameBoundaries } from './frame-boundaries.js';

/** Bytes on their way; beyond them the sender waits. */
const MAX_BYTES_ON_WAY = 256 * 1024;

/** The connection of which this is one direction. */
interface Owner {
  /** ms that everything takes. */
  readonly delayMs: number;
  framePassed(direction: ProxyDirection): void;
  /** The last byte before this cut has passed. */
  cutReached(point: CutPoint): void;
}

/** What is on its way, and the time when it arrives. */
interface Letter {
  readonly at: number;
  readonly bytes: number;
  arrive(): void;
}

/** One direction of a connection: what one side sends, the other receives, until nothing passes any more. */
export class OneWay {
  readonly #direction: ProxyDirection;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #owner: Owner;
  readonly #boundaries: FrameBoundaries;
  readonly #cuts = new Map<CutPoint, CutCounter>();
  #onWay: Letter[] = [];
  #bytesOnWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDead = false;

  constructor(direction: ProxyDirection, from: Socket, to: Socket, owner: Owner) {
    this.#direction = direction;
    this.#from = from;
    this.#to = to;
    this.#owner = owner;
    this.#boundaries = new FrameBoundaries(direction);
    from.on('data', (bytes: Buffer) => this.#send(bytes.length, () => this.#pass(bytes)));
    from.on('end', () => this.#send(0, () => to.end()));
    from.on('close', (isBroken) =>
      this.#send(0, () => {
        if (isBroken) to.resetAndDestroy();
        else to.destroySoon();
      }),
    );
    to.on('drain', () => this.#holdBack());
  }

  /** The next bytes pass up to this point. */
  cutAfter(point: CutPoint): void {
    if (this.#isDead) return;
    const counter = new CutCounter(point, this.#boundaries.isOpen);
    this.#cuts.set(point, counter);
    if (counter.isReached) this.#owner.cutReached(point);
  }

  forget(point: CutPoint): void {
    this.#cuts.delete(point);
  }

  /** Nothing passes from now on, nor that a side has closed. What the sender still sends is lost. */
  die(): void {
    this.#isDead = true;
    clearTimeout(this.#timer);
    this.#onWay = [];
    this.#from.resume();
  }

  #send(bytes: number, arrive: () => void): void {
    if (this.#isDead) return;
    if (this.#owner.delayMs === 0 && this.#onWay.length === 0) {
      arrive();
      this.#holdBack();
      return;
    }
    this.#onWay.push({ at: performance.now() + this.#owner.delayMs, bytes, arrive });
    this.#bytesOnWay += bytes;
    this.#timer ??= this.#wait();
    this.#holdBack();
  }

  #wait(): NodeJS.Timeout | undefined {
    const [next] = this.#onWay;
    if (next === undefined || this.#isDead) return undefined;
    const ms = Math.max(0, next.at - performance.now());
    return setTimeout(() => {
      this.#onWay.shift();
      this.#bytesOnWay -= next.bytes;
      next.arrive();
      this.#holdBack();
      this.#timer = this.#wait();
    }, ms);
  }

  #holdBack(): void {
    if (this.#isDead) return;
    if (this.#bytesOnWay + this.#to.writableLength > MAX_BYTES_ON_WAY) this.#from.pause();
    else if (this.#from.isPaused()) this.#from.resume();
  }

  #pass(bytes: Buffer): void {
    let end = 0;
    while (end < bytes.length) {
      const part = this.#boundaries.next(bytes, end);
      const length = part.end - end;
      let passing = length;
      let reached: CutPoint | undefined;
      for (const [point, counter] of this.#cuts) {
        const most = counter.pass(length, part.completes);
        if (!counter.isReached || (reached !== undefined && most >= passing)) continue;
        passing = most;
        reached = point;
      }
      end += passing;
      if (part.completes === 'frame' && passing === length) this.#owner.framePassed(this.#direction);
      if (reached === undefined) continue;
      this.#write(bytes.subarray(0, end));
      this.#owner.cutReached(reached);
      return;
    }
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    if (this.#to.writable) this.#to.write(bytes);
  }
}
