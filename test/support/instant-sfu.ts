import { NodeHealth } from '../../src/sfu/node-health.js';
import type { SfuServer, SfuStream, SfuStreamListener } from '../../src/sfu/sfu.js';
import { fakeAnswer, fakeOffer } from '../../src/testing/index.js';
import { silentLogger } from '../../src/util/logger.js';
import { noop } from '../../src/util/noop.js';

const ANSWER = { type: 'answer', sdp: fakeAnswer(fakeOffer()) } as const;

/**
 * An SFU that is there without a network, and takes everybody: for crowds that are about the sockets. In place of
 * IonSfu, by `vi.mock`.
 */
export class InstantSfu implements SfuServer {
  readonly connectionCount = 1;
  streamCount = 0;
  readonly health = new NodeHealth({
    serverUrl: 'instant',
    logger: silentLogger,
    watch: undefined,
    probe: async () => {},
    takeHeard: () => true,
    isUsed: () => true,
    onDown: noop,
    onUp: noop,
  });

  async open(listener: SfuStreamListener): Promise<SfuStream> {
    this.streamCount += 1;
    let hasEnded = false;
    return {
      generation: 1,
      pending: 0,
      enter: async () => {},
      join: () => listener.onJoined(ANSWER),
      offer: () => listener.onAnswer(ANSWER),
      answer: () => {},
      candidate: () => {},
      subscribe: () => listener.onSubscribed(),
      end: () => {
        if (hasEnded) return;
        hasEnded = true;
        this.streamCount -= 1;
        queueMicrotask(() => listener.onEnd(undefined));
      },
    };
  }

  async probe(): Promise<void> {}

  drop(): void {}

  close(): void {}
}
