import type { RtpPacket } from 'werift';
import type { SentTrack } from '../scripted/sdp-sections.js';

/** Requests within this time share a key frame, which has about ten times the bits of other frames. */
const KEY_FRAME_INTERVAL_MS = 300;

/** RFC 6464: 0 is the loudest, 127 is silence. Ion counts louder packets than this as speech. */
const SPEECH_LEVEL = 40;

/** The receiver of a track's packets. */
interface PacketSink {
  forward(packet: RtpPacket): void;
}

/** A publisher's track, with its receivers. */
export class PublishedTrack {
  readonly kind: 'audio' | 'video';
  readonly streamId: string;
  readonly trackId: string;
  readonly downTracks = new Set<PacketSink>();
  #loudPackets = 0;
  #keyFrameTimer: NodeJS.Timeout | undefined;
  #keyFrameWanted = false;
  readonly #sendPictureLoss: () => void;

  constructor({ kind, streamId, trackId }: SentTrack, sendPictureLoss: () => void) {
    this.kind = kind;
    this.streamId = streamId;
    this.trackId = trackId;
    this.#sendPictureLoss = sendPictureLoss;
  }

  forward(packet: RtpPacket, audioLevel: number | undefined): void {
    if (audioLevel !== undefined && audioLevel < SPEECH_LEVEL) this.#loudPackets++;
    for (const downTrack of this.downTracks) downTrack.forward(packet);
  }

  /** The number of loud packets since the last call. */
  takeLoudPackets(): number {
    const count = this.#loudPackets;
    this.#loudPackets = 0;
    return count;
  }

  /** Requests a key frame from the publisher, immediately or soon. */
  requestKeyFrame(): void {
    if (this.kind !== 'video') return;
    this.#keyFrameWanted = true;
    if (this.#keyFrameTimer === undefined) this.#askForKeyFrame();
  }

  #askForKeyFrame(): void {
    this.#keyFrameTimer = undefined;
    if (!this.#keyFrameWanted) return;
    this.#keyFrameWanted = false;
    this.#sendPictureLoss();
    this.#keyFrameTimer = setTimeout(() => this.#askForKeyFrame(), KEY_FRAME_INTERVAL_MS).unref();
  }

  close(): void {
    clearTimeout(this.#keyFrameTimer);
    this.#keyFrameWanted = false;
    this.downTracks.clear();
  }
}

/** The tracks that an offer added and removed. */
export interface TrackChanges {
  added: PublishedTrack[];
  removed: PublishedTrack[];
}
