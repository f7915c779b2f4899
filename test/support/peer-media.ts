import { type FakeTrack, fakeAnswer, fakeOffer } from '../../src/testing/index.js';
import { graft, randomSource, streamsOf } from '../oracle/graft.js';
import type { MediaPeers } from './media-peers.js';

/** Both connections of one peer to the SFU. */
export interface PeerMedia {
  /** The offer of the publisher connection. */
  readonly sdp: string;
  connect(answer: string): void;
  candidate(target: 0 | 1, candidate: string): void;
  /** Of the SFU, for the subscriber connection. */
  offer(sdp: string): void;
  /** The longest time without a packet of each track that is received, in ms, since this was last asked. */
  gaps(): Promise<Record<string, number>>;
  close(): void;
}

interface Listener {
  answer(sdp: string): void;
  received(track: string): void;
}

export type MakeMedia = (tracks: readonly FakeTrack[], listener: Listener) => Promise<PeerMedia>;

/** Descriptions without connections. */
export const noMedia: MakeMedia = async (tracks, { answer }) => ({
  sdp: fakeOffer(tracks, { dataChannel: false }),
  connect() {},
  candidate() {},
  offer: (sdp) => answer(fakeAnswer(sdp)),
  gaps: async () => ({}),
  close() {},
});

/** Connections that send and receive. */
export function mediaOf(peers: MediaPeers): MakeMedia {
  return async (tracks, { answer, received }) => {
    const publisher = await peers.publisher();
    const viewer = peers.viewer(answer, received);
    const sdp = graft(fakeOffer(tracks, { dataChannel: false }), publisher.transport, randomSource);
    return {
      sdp,
      connect: (description) => publisher.connect(description, streamsOf(sdp, description)),
      candidate: (target, candidate) => (target === 0 ? publisher : viewer).candidate(candidate),
      offer: (description) => viewer.offer(description),
      gaps: () => viewer.gaps(),
      close() {
        publisher.close();
        viewer.close();
      },
    };
  };
}
