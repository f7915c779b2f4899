import type { Sdp } from './sdp.js';
import { FINGERPRINT, MSID, type SdpSection } from './sdp-section.js';

/** Which parts of a description are forwarded to the SFU. */
export interface RewritePolicy {
  /** Whether a candidate is forwarded. */
  admitsCandidate: (candidate: string) => boolean;
  /** Whether the SFU counts the packets of a publisher's video by their transport-wide sequence numbers. */
  countsVideoPackets: boolean;
  /** Sections, by `a=mid`, whose media the SFU must not accept. */
  silent?: ReadonlyMap<string, SilentDirection>;
}

export type SilentDirection = 'inactive' | 'recvonly';

const TRANSPORT_WIDE_CC = 'transport-wide-cc-extensions-01';

/** Lines that describe a sender. */
const SENDER_LINE = /^a=(?:ssrc|ssrc-group|rid|simulcast):/;
const DIRECTION_LINE = /^a=(?:sendrecv|sendonly|recvonly|inactive)$/;

const CODEC_LINE = /^a=(?:rtpmap|fmtp|rtcp-fb):\d+(?: |$)/;

/**
 * Writes the description for the SFU: only the codecs that it forwards, without withheld candidates, and sealed.
 *
 * A peer connection of Ion knows only the codecs of its first description: a track with another codec disconnects every viewer
 * with an older connection. So all publishers use the same codec.
 */
export function rewriteSdp({ head, sections, fingerprint }: Sdp, policy: RewritePolicy): string {
  const lines: string[] = [];
  for (const line of head) lines.push(line === FINGERPRINT ? line + fingerprint : line);
  for (const section of sections) {
    const { media, mid, payloads, streamId, trackId } = section;
    lines.push(`m=${payloads ? withPayloads(media, payloads) : media}`);
    const silent = policy.silent?.get(mid);
    for (const line of section.lines) {
      if (line === FINGERPRINT) lines.push(line + fingerprint);
      else if (line === MSID) {
        if (!silent && trackId !== undefined) lines.push(`${line}${streamId} ${trackId}`);
      } else if (silent && line.startsWith('a=mid:')) lines.push(line, `a=${silent}`);
      else if (silent && (SENDER_LINE.test(line) || DIRECTION_LINE.test(line))) continue;
      else if (isKept(line, section, policy)) lines.push(line);
    }
  }
  lines.push('');
  return seal(lines.join('\r\n'), sections, policy.silent);
}

function isTransportWideCc(line: string): boolean {
  return line.startsWith('a=extmap:') && line.includes(TRANSPORT_WIDE_CC);
}

function withPayloads(media: string, payloads: ReadonlySet<string>): string {
  const [kind, port, proto, ...formats] = media.split(' ');
  return [kind, port, proto, ...formats.filter((payload) => payloads.has(payload))].join(' ');
}

function isKept(line: string, section: SdpSection, policy: RewritePolicy): boolean {
  const { admitsCandidate, countsVideoPackets } = policy;
  // One character tells most lines apart.
  switch (line.charAt(2)) {
    case 'c':
      return !line.startsWith('a=candidate:') || admitsCandidate(line.slice(2));
    case 'e':
      return countsVideoPackets || section.kind !== 'video' || !isTransportWideCc(line);
    case 'f':
    case 'r': {
      if (!section.payloads) return true;
      return !CODEC_LINE.test(line) || section.payloads.has(payloadOf(line));
    }
    default:
      return true;
  }
}

/** The payload type in a codec's line: cut out, as a match costs every line an array. */
function payloadOf(line: string): string {
  const start = line.indexOf(':') + 1;
  const end = line.indexOf(' ', start);
  return end < 0 ? line.slice(start) : line.slice(start, end);
}

/**
 * In a description with a single section the SFU accepts media of undeclared sources, even if the section is a viewer's data
 * channel. A declared source that is never sent prevents that.
 */
function seal(
  sdp: string,
  [section, ...more]: readonly SdpSection[],
  silent?: RewritePolicy['silent'],
): string {
  const isPublisher = section?.sends && section.kind !== 'application' && !silent?.has(section.mid);
  return isPublisher || more.length > 0 ? sdp : `${sdp}a=ssrc:1 cname:-\r\n`;
}
