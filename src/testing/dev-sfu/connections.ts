import type { RTCPeerConnection } from 'werift';
import { loadPeer } from '../../util/optional-peer.js';

/** werift is loaded when a development SFU starts, because the rest of `sfu-relay/testing` works without it. */
export type Werift = typeof import('werift');

/**
 * Loads werift, an optional peer dependency.
 * @throws RelayError `ERR_RELAY_CONFIG` that says how to install it.
 */
export async function loadWerift(): Promise<Werift> {
  return loadPeer({ name: 'werift', user: 'The development SFU' }, () => import('werift'));
}

/** Makes the two peer connections of a participant. */
export interface Connections {
  publisher(): RTCPeerConnection;
  subscriber(): RTCPeerConnection;
  readonly werift: Werift;
}

/** Every browser has VP8 and Opus (RFC 7742, RFC 7874). With one codec for each kind there is nothing to negotiate. */
export function connections(werift: Werift, iceAddresses: readonly string[]): Connections {
  const open = (audio: string[], video: string[]) =>
    new werift.RTCPeerConnection({
      // One socket for each connection: with other policies werift leaks one for every section.
      bundlePolicy: 'max-bundle',
      iceServers: [],
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceAdditionalHostAddresses: [...iceAddresses],
      codecs: { audio: [opus(werift)], video: [vp8(werift)] },
      headerExtensions: { audio: audio.map(extension), video: video.map(extension) },
    });
  const extension = (uri: string) => new werift.RTCRtpHeaderExtensionParameters({ uri });
  const { sdesMid, audioLevelIndication } = werift.RTP_EXTENSION_URI;
  return {
    werift,
    publisher: () => open([sdesMid, audioLevelIndication], [sdesMid]),
    subscriber: () => open([sdesMid], [sdesMid]),
  };
}

function opus(werift: Werift) {
  const parameters = 'minptime=10;useinbandfec=1';
  return new werift.RTCRtpCodecParameters({
    mimeType: 'audio/opus',
    clockRate: 48000,
    channels: 2,
    payloadType: 111,
    parameters,
  });
}

function vp8(werift: Werift) {
  const rtcpFeedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }];
  return new werift.RTCRtpCodecParameters({
    mimeType: 'video/VP8',
    clockRate: 90000,
    payloadType: 96,
    rtcpFeedback,
  });
}

/** Whether a browser's candidate is usable: neither an mDNS name nor the end of candidates. */
export async function addCandidate(connection: RTCPeerConnection, candidate: string): Promise<void> {
  if (candidate === '' || candidate.includes('.local ')) return;
  // All sections share one transport, so any section is valid.
  await connection.addIceCandidate({ candidate, sdpMLineIndex: 0 });
}
