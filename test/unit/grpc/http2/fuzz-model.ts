import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { GrpcConnection } from '../../../../src/grpc/grpc-connection.js';
import type { Random } from '../../../fuzz/random.js';
import {
  cut,
  DEFAULT_FRAME_SIZE,
  DEFAULT_WINDOW,
  ErrorCode,
  Flag,
  FrameType,
  frame,
  headers,
  ping,
  reset,
  settings,
  windowUpdate,
} from './frames.js';
import { type Field, HpackEncoder } from './hpack-encoder.js';
import { checkCall, endsStream, type ModelledCall } from './modelled-call.js';
import { ObeyingSender } from './obeying-sender.js';
import { type RawPeer, soon } from './raw-http2-server.js';
import { framed, RecordedCall } from './recorded-call.js';

const MAX_OPEN = 8;
const PLENTY = 50_000_000;
const RESETS = [ErrorCode.NO_ERROR, ErrorCode.REFUSED_STREAM, ErrorCode.CANCEL, ErrorCode.ENHANCE_YOUR_CALM];

/** A server that does what it may in whatever order, and clients whose calls must come to what it says. */
export class FuzzModel {
  readonly #random: Random;
  readonly #peer: RawPeer;
  readonly #connection: GrpcConnection;
  readonly #sender: ObeyingSender;
  readonly #encoder: HpackEncoder;
  readonly #calls: ModelledCall[] = [];
  #unsent: Buffer = Buffer.alloc(0);
  /** The most that the client may ever have sent on the connection, and on each stream. */
  #allowed = DEFAULT_WINDOW;
  readonly #allowedOn = new Map<number, number>();
  #initialWindow: number;
  #largestInitialWindow: number;

  constructor(random: Random, peer: RawPeer, connection: GrpcConnection, initialWindow: number) {
    this.#random = random;
    this.#peer = peer;
    this.#connection = connection;
    this.#initialWindow = initialWindow;
    this.#largestInitialWindow = initialWindow;
    peer.transmit = (bytes) => {
      this.#unsent = Buffer.concat([this.#unsent, bytes]);
    };
    this.#sender = new ObeyingSender(peer);
    this.#encoder = new HpackEncoder({
      huffman: () => random.chance(0.5),
      index: () => random.chance(0.8),
      indexing: () => random.pick(['incremental', 'without', 'never'] as const),
    });
  }

  async run(steps: number): Promise<void> {
    for (let n = 0; n < steps; n += 1) {
      await this.#step();
      if (this.#random.chance(0.4)) await this.#transmitSome();
    }
    await this.#settle();
    expect(this.#peer.of(FrameType.PING).every(({ flags }) => flags === Flag.ACK)).toBe(true);
    for (const one of this.#calls) checkCall(one, this.#peer);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const open = this.#calls.filter(({ call, isFinished }) => call.ends.length === 0 && !isFinished);
    const one = open.length > 0 ? random.pick(open) : undefined;
    if (!one || (open.length < MAX_OPEN && random.chance(0.1))) return this.#open();
    const dice = random.next();
    if (dice < 0.3) this.#say(one);
    else if (dice < 0.6) this.#send(one);
    else if (dice < 0.7) this.#widen(one);
    else if (dice < 0.85) this.#disturb(one);
    else if (dice < 0.88) this.#end(one);
    else if (dice < 0.9) this.#cancel(one);
    else if (dice < 0.94) this.#finish(one);
    else if (dice < 0.95) this.#reset(one);
    else await turn();
  }

  async #open(): Promise<void> {
    const call = new RecordedCall(this.#connection);
    const id = 1 + 2 * this.#calls.length;
    this.#calls.push({
      call,
      id,
      said: [],
      hasEnded: false,
      isCancelled: false,
      sent: [],
      isAnswered: false,
      isFinished: false,
    });
    await soon('the stream is open', () => this.#peer.of(FrameType.HEADERS, id).length === 1);
  }

  #say(one: ModelledCall): void {
    const text = this.#text();
    one.call.say(text);
    if (!one.hasEnded) one.said.push(framed(text));
  }

  #end(one: ModelledCall): void {
    one.call.end();
    one.hasEnded = true;
  }

  #cancel(one: ModelledCall): void {
    one.call.cancel();
    one.isCancelled = true;
    this.#sender.drop(one.id);
  }

  #send(one: ModelledCall): void {
    this.#answer(one);
    const texts = Array.from({ length: 1 + this.#random.below(4) }, () => this.#text());
    one.sent.push(...texts.map((text) => text.toString('latin1')));
    const sizes = Array.from({ length: this.#random.below(6) }, () => this.#random.below(100));
    for (const piece of cut(Buffer.concat(texts.map(framed)), sizes)) {
      const padding = this.#random.chance(0.2) ? this.#random.below(256) : undefined;
      if (piece.length > 0) this.#sender.send(one.id, piece, padding);
    }
  }

  #finish(one: ModelledCall): void {
    this.#answer(one);
    if (this.#sender.waitingOn(one.id) > 0) return;
    one.isFinished = true;
    const status = this.#random.below(17);
    this.#block(
      one.id,
      [
        ['x-filler', `${this.#random.below(5)}`],
        ['grpc-status', `${status}`],
        ['grpc-message', `the end of ${one.id}`],
      ],
      true,
    );
  }

  #reset(one: ModelledCall): void {
    if (this.#sender.waitingOn(one.id) > 0) return;
    one.isFinished = true;
    this.#peer.send(reset(one.id, this.#random.pick(RESETS)));
  }

  #answer(one: ModelledCall): void {
    if (one.isAnswered) return;
    one.isAnswered = true;
    while (this.#random.chance(0.2))
      this.#block(one.id, [
        [':status', '103'],
        ['link', `</${this.#random.below(3)}>`],
      ]);
    this.#block(one.id, [
      [':status', '200'],
      ['content-type', 'application/grpc'],
      ['x-call', `${one.id}`],
    ]);
  }

  #block(id: number, fields: Field[], endStream = false): void {
    const resized = this.#random.chance(0.1)
      ? this.#encoder.resize(this.#random.below(4_097))
      : Buffer.alloc(0);
    const block = Buffer.concat([resized, this.#encoder.encode(fields)]);
    const cutAt = this.#random.chance(0.3) ? Array.from({ length: 3 }, () => this.#random.below(30)) : [];
    const padding = this.#random.chance(0.2) ? { padding: this.#random.below(256) } : {};
    this.#peer.send(headers(id, block, { endStream, cutAt, priority: this.#random.chance(0.2), ...padding }));
  }

  #widen({ id }: ModelledCall): void {
    const increment = 1 + this.#random.below(this.#random.chance(0.5) ? 20 : 3_000);
    const streamId = this.#random.chance(0.5) ? id : 0;
    if (streamId === 0) this.#allowed += increment;
    else this.#allowedOn.set(id, (this.#allowedOn.get(id) ?? 0) + increment);
    this.#peer.send(windowUpdate(streamId, increment));
  }

  /** What changes nothing, and what changes every window. */
  #disturb({ id }: ModelledCall): void {
    const of = this.#random.pick([0, id, ...this.#calls.map((one) => one.id)]);
    const past = this.#calls.filter(({ isFinished, isCancelled }) => isFinished || isCancelled);
    const unknown = 0x20 + this.#random.below(200);
    const size = this.#random.below(this.#random.chance(0.5) ? 100 : 3_000);
    const disturbances = [
      ping(String(this.#random.below(10 ** 7)).padStart(8, 'p')),
      frame(unknown, this.#random.below(256), of, Buffer.alloc(this.#random.below(50))),
      frame(FrameType.PRIORITY, Flag.NONE, of || 1, Buffer.from([0, 0, 0, 0, 7])),
      settings({ MAX_FRAME_SIZE: DEFAULT_FRAME_SIZE + this.#random.below(10_000) }),
      past.length > 0 ? frame(FrameType.DATA, Flag.NONE, this.#random.pick(past).id) : settings(),
      ping('unasked!', true),
      settings({ INITIAL_WINDOW_SIZE: size }),
    ];
    const chosen = this.#random.below(disturbances.length);
    if (chosen === disturbances.length - 1) {
      this.#initialWindow = size;
      this.#largestInitialWindow = Math.max(this.#largestInitialWindow, size);
    }
    this.#peer.send(disturbances[chosen] ?? settings());
  }

  #text(): Buffer {
    const length = this.#random.chance(0.05) ? this.#random.below(60_000) : this.#random.below(80);
    return Buffer.alloc(length, `${this.#random.below(1_000_000)} `);
  }

  /** Some of what is to be sent, cut wherever. */
  async #transmitSome(): Promise<void> {
    const sizes = this.#random.chance(0.3) ? [1, 1, 2, 3, 8, 9, 10] : [50, 500, 5_000, 50_000];
    for (let n = this.#random.below(20); n > 0 && this.#unsent.length > 0; n -= 1) {
      const size = this.#random.pick(sizes);
      this.#peer.socket.write(this.#unsent.subarray(0, size));
      this.#unsent = this.#unsent.subarray(size);
      if (this.#random.chance(0.7)) await turn();
    }
  }

  /** Lets everything that is under way arrive, of both sides. */
  async #settle(): Promise<void> {
    await soon('nothing waits for a window of the client', () => {
      this.#transmitAll();
      return this.#sender.waiting === 0;
    });
    this.#transmitAll();
    this.#peer.transmit = (bytes) => this.#peer.socket.write(bytes);
    await this.#peer.settled();
    this.#checkWindows();
    const live = this.#calls.filter(isLive);
    this.#peer.send(...[0, ...live.map(({ id }) => id)].map((id) => windowUpdate(id, PLENTY)));
    for (const { call, id, said, hasEnded } of live) {
      const { length } = Buffer.concat(said);
      const hasArrived = () => this.#peer.bytesOf(id).length >= length && call.pending === 0;
      await soon(`all of stream ${id} has arrived`, hasArrived);
      if (hasEnded) await soon(`stream ${id} is half-closed`, () => this.#peer.framesOf(id).some(endsStream));
    }
    for (const one of this.#calls) if (!isLive(one)) await one.call.ended();
    await this.#peer.settled();
  }

  #transmitAll(): void {
    this.#peer.socket.write(this.#unsent);
    this.#unsent = Buffer.alloc(0);
  }

  /** No more has been sent than was allowed, and what could be sent has been. */
  #checkWindows(): void {
    const sent = this.#calls.reduce((sum, { id }) => sum + this.#peer.bytesOf(id).length, 0);
    expect(sent).toBeLessThanOrEqual(this.#allowed);
    for (const one of this.#calls) {
      const arrived = this.#peer.bytesOf(one.id).length;
      const granted = this.#allowedOn.get(one.id) ?? 0;
      expect(arrived).toBeLessThanOrEqual(this.#largestInitialWindow + granted);
      const isWhole = arrived === Buffer.concat(one.said).length;
      if (isLive(one) && !isWhole && sent < this.#allowed)
        expect(arrived, 'what a window allows is sent').toBeGreaterThanOrEqual(this.#initialWindow + granted);
    }
  }
}

function isLive({ isFinished, isCancelled }: ModelledCall): boolean {
  return !isFinished && !isCancelled;
}
