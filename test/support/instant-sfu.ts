import type { Sfu, SfuStream, SfuStreamListener } from '../../src/sfu/sfu.js';
import { fakeAnswer, fakeOffer } from '../../src/testing/index.js';

const ANSWER = { type: 'answer', sdp: fakeAnswer(fakeOffer()) } as const;

/**
 * An SFU that is there without a network, and takes everybody: for crowds that are about the sockets. In place of
 * IonSfu, by `vi.mock`.
 */
export class InstantSfu implements Sfu {
  readonly connectionCount = 1;
  streamCount = 0;

  async open(listener: SfuStreamListener): Promise<SfuStream> {
    this.streamCount += 1;
    let hasEnded = false;
    return {
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

  close(): void {}
}
