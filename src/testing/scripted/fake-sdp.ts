import { RelayError } from '../../protocol/errors.js';
import type { TrackInfo } from '../../sfu/ion/gen/rtc.js';
import { checkOptions, type Keys } from '../../util/check-options.js';
import { findLine, sectionsOf, sentTrack } from './sdp-sections.js';

/**
 * A track of a {@link fakeOffer}, with the ids of `a=msid`.
 * @category Testing
 */
export interface FakeTrack {
  kind: 'audio' | 'video';
  streamId: string;
  trackId: string;
  /** RIDs of the simulcast layers. */
  layers?: readonly string[];
  /** @default 'sendonly' */
  direction?: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
}

const OFFER_KEYS: Keys<NonNullable<Parameters<typeof fakeOffer>[1]>> = {
  dataChannel: true,
  iceGeneration: true,
};
const EXAMPLE = 'fakeOffer([{ kind: "video", streamId: "camera", trackId: "video-1" }])';

const CODECS = {
  audio: { payloadType: 111, rtpmap: 'opus/48000/2' },
  video: { payloadType: 96, rtpmap: 'VP8/90000' },
};

const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i + 16).toString(16).toUpperCase()).join(':');

/**
 * Well-formed ICE and DTLS attributes (RFC 8839, RFC 8122) without a peer connection, the same in all sections of a description, as
 * in a bundle.
 */
function transport(setup: string, iceGeneration = 0): string[] {
  const n = String(iceGeneration).padStart(4, '0');
  return [
    `a=ice-ufrag:ufrg${n}`,
    `a=ice-pwd:fakepasswordofchars${n}`,
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${FINGERPRINT}`,
    `a=setup:${setup}`,
  ];
}

function describe(sections: string[][], mids: string[]): string {
  const session = ['v=0', 'o=- 1000000000 2 IN IP4 127.0.0.1', 's=-', 't=0 0'];
  const group = [`a=group:BUNDLE ${mids.join(' ')}`, 'a=msid-semantic: WMS *'];
  return `${[...session, ...group, ...sections.flat()].join('\r\n')}\r\n`;
}

function mediaSection(track: FakeTrack, mid: number, iceGeneration: number): string[] {
  const { payloadType, rtpmap } = CODECS[track.kind];
  const layers = track.layers ?? [];
  return [
    `m=${track.kind} 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
    'c=IN IP4 0.0.0.0',
    ...transport('actpass', iceGeneration),
    `a=mid:${mid}`,
    `a=${track.direction ?? 'sendonly'}`,
    `a=msid:${track.streamId} ${track.trackId}`,
    'a=rtcp-mux',
    `a=rtpmap:${payloadType} ${rtpmap}`,
    ...layers.map((rid) => `a=rid:${rid} send`),
    ...(layers.length > 0 ? [`a=simulcast:send ${layers.join(';')}`] : [`a=ssrc:${1000 + mid} cname:fake`]),
  ];
}

function dataChannelSection(mid: number, iceGeneration: number): string[] {
  return [
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    ...transport('actpass', iceGeneration),
    `a=mid:${mid}`,
    'a=sctp-port:5000',
    'a=max-message-size:262144',
  ];
}

/** A recvonly section of audio without a track. */
function receiverSection(mid: number, iceGeneration: number): string[] {
  const section = mediaSection(
    { kind: 'audio', streamId: '-', trackId: '-', direction: 'recvonly' },
    mid,
    iceGeneration,
  );
  return section.filter((line) => !/^a=(?:msid|ssrc):/.test(line));
}

/**
 * A valid offer without a peer connection: the tracks, then the data channel, unless that is disabled. Without either it has a
 * recvonly section. Another `iceGeneration` has other ICE credentials: an ICE restart.
 * @category Testing
 */
export function fakeOffer(
  tracks: readonly FakeTrack[] = [],
  options: { dataChannel?: boolean; iceGeneration?: number } = {},
): string {
  if (!Array.isArray(tracks))
    throw new RelayError('ERR_RELAY_CONFIG', `fakeOffer() takes a list of tracks: ${EXAMPLE}.`);
  checkOptions(
    { name: 'fakeOffer()', example: 'fakeOffer([], { dataChannel: false })' },
    options,
    OFFER_KEYS,
  );
  const { dataChannel = true, iceGeneration = 0 } = options;
  const sections = tracks.map((track, mid) => mediaSection(track, mid, iceGeneration));
  if (dataChannel) sections.push(dataChannelSection(sections.length, iceGeneration));
  if (sections.length === 0) sections.push(receiverSection(0, iceGeneration));
  return describe(
    sections,
    sections.map((_, mid) => String(mid)),
  );
}

const REVERSED: Record<string, string> = { 'a=sendonly': 'a=recvonly', 'a=recvonly': 'a=sendonly' };

const KEPT =
  /^(m=|c=|a=(mid|rtcp-mux|rtpmap|sctp-port|max-message-size|sendrecv|sendonly|recvonly|inactive)\b)/;

/**
 * The answer to an offer: its sections in its order, directions reversed, with transport attributes of its own.
 * @category Testing
 */
export function fakeAnswer(offer: string): string {
  checkSdp('fakeAnswer', offer);
  const sections = sectionsOf(offer).map((lines) => [
    ...lines.filter((line) => KEPT.test(line)).map((line) => REVERSED[line] ?? line),
    ...transport('active'),
    ...lines
      .filter((line) => line.startsWith('a=simulcast:send') || /^a=rid:\S+ send/.test(line))
      .map((line) => line.replace(' send', ' recv').replace('simulcast:send', 'simulcast:recv')),
  ]);
  return describe(sections, sections.map(midOf));
}

/**
 * The JSON of an `RTCIceCandidateInit`, for `Trickle.init`.
 * @category Testing
 */
export function fakeCandidate(port = 9): string {
  if (!Number.isInteger(port)) throw wrong('fakeCandidate() needs a port: write fakeCandidate(9).');
  return JSON.stringify({
    candidate: `candidate:1 1 udp 2130706431 127.0.0.1 ${port} typ host`,
    sdpMid: '',
    sdpMLineIndex: 0,
    usernameFragment: null,
  });
}

/**
 * The tracks of an offer as in Ion's `TrackEvent`: one for each simulcast layer.
 * @category Testing
 */
export function tracksOf(offer: string): TrackInfo[] {
  checkSdp('tracksOf', offer);
  return sectionsOf(offer).flatMap((lines) => {
    const track = sentTrack(lines);
    const layers = findLine(lines, /^a=simulcast:send (\S+)/)?.[1]?.split(';') ?? [''];
    return track === undefined ? [] : layers.map((layer) => trackInfo(track, layer));
  });
}

/** A track as Ion's `TrackEvent` describes it. */
export function trackInfo(track: FakeTrack, layer = ''): TrackInfo {
  const { trackId: id, kind, streamId } = track;
  return { id, kind, streamId, layer, muted: false, type: 0, label: '', width: 0, height: 0, frameRate: 0 };
}

export function checkSdp(name: string, sdp: unknown): void {
  if (typeof sdp !== 'string') throw wrong(`${name}() needs SDP: write ${name}(fakeOffer()).`);
}

function wrong(message: string): RelayError {
  return new RelayError('ERR_RELAY_CONFIG', message);
}

function midOf(lines: string[], index: number): string {
  return findLine(lines, /^a=mid:(\S+)/)?.[1] ?? String(index);
}
