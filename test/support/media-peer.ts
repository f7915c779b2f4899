import { randomUUID } from 'node:crypto';
import {
  MediaStream,
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
} from 'werift';
import type { IonPeer } from './ion-peer.js';

const payloadType = 96;
const clockRate = 90_000;

/** A peer connection without a browser that sends one VP8 track: just enough RTP for an SFU to notice it. */
export class MediaPublisher {
  readonly stream = new MediaStream({ id: randomUUID() });
  readonly track = new MediaStreamTrack({ kind: 'video', id: randomUUID() });
  readonly #pc = new RTCPeerConnection({
    bundlePolicy: 'max-bundle',
    iceServers: [],
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
    codecs: { video: [new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate, payloadType })] },
  });
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;

  constructor() {
    this.stream.addTrack(this.track);
    this.#pc.addTransceiver(this.track, { direction: 'sendonly', streams: [this.stream] });
    // Data channel `ion-sfu`, as Ion's clients offer it.
    this.#pc.createDataChannel('ion-sfu');
  }

  /** Joins the room over `peer`, connects and sends until it is closed. */
  async publish(peer: IonPeer, room: string, user: string): Promise<void> {
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    await peer.probe();
    peer.join(room, user, this.#pc.localDescription?.sdp ?? '');
    const { description } = await peer.take('join');
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: description?.sdp ?? '' });
    this.#timer = setInterval(() => this.#send(), 20);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pc.close();
  }

  #send(): void {
    this.#sequence += 1;
    const header = new RtpHeader({
      payloadType,
      sequenceNumber: this.#sequence,
      timestamp: this.#sequence * (clockRate / 50),
      marker: true,
    });
    this.track.writeRtp(new RtpPacket(header, vp8KeyFrame));
  }
}

/** A VP8 payload descriptor (RFC 7741) and the first bytes of a 16 × 16 key frame. */
const vp8KeyFrame = Buffer.from([0x10, 0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00]);
