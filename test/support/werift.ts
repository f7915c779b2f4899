import {
  type MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
} from 'werift';
import type { IceCandidate } from '../../src/index.js';

const VP8_PAYLOAD_TYPE = 96;
const CLOCK_RATE = 90_000;
const PACKET_INTERVAL_MS = 20;
/** A VP8 payload descriptor (RFC 7741) and the first bytes of a 16 × 16 key frame. */
const VP8_KEY_FRAME = Buffer.from([0x10, 0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00]);

const OPUS = new RTCRtpCodecParameters({
  mimeType: 'audio/opus',
  clockRate: 48_000,
  channels: 2,
  payloadType: 111,
});
const VP8 = new RTCRtpCodecParameters({
  mimeType: 'video/VP8',
  clockRate: CLOCK_RATE,
  payloadType: VP8_PAYLOAD_TYPE,
});

/** A peer connection on the loopback. */
export function peerConnection(): RTCPeerConnection {
  return new RTCPeerConnection({
    bundlePolicy: 'max-bundle',
    iceServers: [],
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
    codecs: { audio: [OPUS], video: [VP8] },
  });
}

/** Sends key frames of nothing until it is told to stop. */
export function sendVideo(track: MediaStreamTrack): () => void {
  let sequenceNumber = 0;
  const timer = setInterval(() => {
    sequenceNumber = (sequenceNumber + 1) & 0xffff;
    const timestamp = (sequenceNumber * CLOCK_RATE * PACKET_INTERVAL_MS) / 1000;
    const header = new RtpHeader({ payloadType: VP8_PAYLOAD_TYPE, sequenceNumber, timestamp, marker: true });
    track.writeRtp(new RtpPacket(header, VP8_KEY_FRAME));
  }, PACKET_INTERVAL_MS);
  return () => clearInterval(timer);
}

/** werift finds a section by its mid, and Ion's candidates name none. */
export function ofFirstSection({ candidate }: Pick<IceCandidate, 'candidate'>): {
  candidate: string;
  sdpMLineIndex: number;
} {
  return { candidate, sdpMLineIndex: 0 };
}
