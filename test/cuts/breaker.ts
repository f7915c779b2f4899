import type { CutPoint, FaultyProxy } from '../../src/testing/index.js';
import type { Random } from '../fuzz/random.js';
import type { ResumableClient } from '../support/resumable-client.js';

/** The most frames until a cut: a resumption has few. */
const MOST_FRAMES = 8;
/** Bytes into a frame: its header, its mask key, the beginning of its text. */
const MOST_BYTES = 90;

/** Breaks the connection of one client again and again, as its seed says. */
export class Breaker {
  /** What was done, in its order. */
  readonly done: string[] = [];
  readonly #proxy: FaultyProxy;
  readonly #client: ResumableClient;
  readonly #random: Random;
  readonly #mostStepsOut: number;
  /** Whether a cut is still to come. */
  #isPending = false;
  /** Steps until the network is back. */
  #stepsOut = 0;

  /** @param mostStepsOut of the scene, without a network */
  constructor(proxy: FaultyProxy, client: ResumableClient, random: Random, mostStepsOut: number) {
    this.#proxy = proxy;
    this.#client = client;
    this.#random = random;
    this.#mostStepsOut = mostStepsOut;
  }

  /** To be called at every step of the scene. */
  step(): void {
    if (this.#stepsOut > 0) {
      this.#stepsOut -= 1;
      if (this.#stepsOut === 0) this.#proxy.accept();
    } else if (!this.#isPending && this.#random.chance(0.4)) this.#break();
  }

  /** Breaks nothing any more. */
  stop(): void {
    this.#stepsOut = 0;
    this.#isPending = true;
    this.#proxy.heal();
  }

  #break(): void {
    const kind = this.#random.below(20);
    if (kind < 14) this.#cutLater();
    else if (kind === 14) this.#say('reset of the client', () => this.#proxy.cut({ noticedBy: 'client' }));
    else if (kind === 15) {
      this.#say('reset of the relay', () => this.#proxy.cut({ noticedBy: 'server' }));
      this.#client.connection.socket.terminate();
    } else if (kind === 16) {
      this.#say('half-open', () => this.#proxy.halfOpen());
      this.#client.connection.socket.terminate();
    } else if (kind === 17) this.#say('close 4000', () => this.#client.connection.socket.close(4000));
    else {
      this.#stepsOut = 1 + this.#random.below(this.#mostStepsOut);
      this.#say(`no network for ${this.#stepsOut} steps`, () => {
        this.#proxy.refuse();
        this.#proxy.cut();
      });
    }
  }

  /** Also while the client comes back: a new connection counts from its beginning. */
  #cutLater(): void {
    const random = this.#random;
    const point: CutPoint = {
      direction: random.pick(['toServer', 'toClient']),
      frames: random.below(MOST_FRAMES),
      bytes: random.chance(0.5) ? 1 + random.below(MOST_BYTES) : 0,
    };
    this.#isPending = true;
    const isCut = this.#proxy.cutAfter(point);
    isCut.then(
      () => {
        this.#isPending = false;
        this.done.push(`cut ${point.direction} after ${point.frames} frames and ${point.bytes} bytes`);
      },
      () => {},
    );
  }

  #say(what: string, act: () => void): void {
    this.done.push(what);
    act();
  }
}
