import type { Sdp } from './sdp.js';
import { FINGERPRINT, ICE_PWD, ICE_UFRAG, MSID, type SdpSection } from './sdp-section.js';

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

/** Writes the description for the SFU: without withheld candidates, and sealed. */
export function rewriteSdp({ head, sections, ...transport }: Sdp, policy: RewritePolicy): string {
  const [ufrag = '', pwd = ''] = transport.iceCredentials.split(' ');
  /** The lines of placeholders. */
  const filled = new Map([
    [ICE_UFRAG, ICE_UFRAG + ufrag],
    [ICE_PWD, ICE_PWD + pwd],
    [FINGERPRINT, FINGERPRINT + transport.fingerprint],
  ]);
  const lines = head.map((line) => filled.get(line) ?? line);
  for (const section of sections) {
    const { media, mid, streamId, trackId } = section;
    lines.push(`m=${media}`);
    const silent = policy.silent?.get(mid);
    for (const line of section.lines) {
      const transportLine = line.endsWith(':') ? filled.get(line) : undefined;
      if (transportLine) lines.push(transportLine);
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

function isKept(line: string, section: SdpSection, policy: RewritePolicy): boolean {
  const { admitsCandidate, countsVideoPackets } = policy;
  // One character tells most lines apart.
  switch (line.charAt(2)) {
    case 'c':
      return !line.startsWith('a=candidate:') || admitsCandidate(line.slice(2));
    case 'e':
      return countsVideoPackets || section.kind !== 'video' || !isTransportWideCc(line);
    default:
      return true;
  }
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
