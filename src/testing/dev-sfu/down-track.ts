import type { RTCRtpTransceiver, RtpPacket } from 'werift';
import type { PublishedTrack } from './published-track.js';

/** Forwards a published track to one subscriber. */
export class DownTrack {
  readonly track: PublishedTrack;
  readonly transceiver: RTCRtpTransceiver;
  #muted = false;
  /** Closes the gap in sequence numbers after a mute, which the viewer would count as loss. */
  #sequenceOffset = 0;
  #lastSequenceNumber: number | undefined;
  #resumed = false;

  constructor(track: PublishedTrack, transceiver: RTCRtpTransceiver) {
    this.track = track;
    this.transceiver = transceiver;
    transceiver.sender.onPictureLossIndication.subscribe(() => track.requestKeyFrame());
    track.downTracks.add(this);
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    if (this.#muted === muted) return;
    this.#muted = muted;
    if (muted) return;
    this.#resumed = true;
    this.track.requestKeyFrame();
  }

  forward(packet: RtpPacket): void {
    if (this.#muted) return;
    // A copy for each subscriber, because the sender changes SSRC, payload type and extensions.
    const copy = packet.clone();
    copy.header.extensions = [];
    copy.header.extension = false;
    if (this.#resumed && this.#lastSequenceNumber !== undefined) {
      this.#sequenceOffset = this.#lastSequenceNumber + 1 - copy.header.sequenceNumber;
    }
    this.#resumed = false;
    copy.header.sequenceNumber = (copy.header.sequenceNumber + this.#sequenceOffset) & 0xffff;
    this.#lastSequenceNumber = copy.header.sequenceNumber;
    this.transceiver.sender.sendRtp(copy).catch(() => {});
  }

  close(): void {
    this.track.downTracks.delete(this);
    this.transceiver.sender.stop();
    this.transceiver.setDirection('inactive');
  }
}
