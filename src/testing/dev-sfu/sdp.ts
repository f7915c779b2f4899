import { findLine, type SentTrack, sectionsOf, sentTrack } from '../scripted/sdp-sections.js';

/** A track that a publisher's offer sends. */
export interface OfferedTrack extends SentTrack {
  mid: string;
  ssrcs: number[];
}

/** The tracks that an offer sends. */
export function offeredTracks(offer: string): OfferedTrack[] {
  return sectionsOf(offer).flatMap((lines) => {
    const track = sentTrack(lines);
    const mid = findLine(lines, /^a=mid:(\S+)/)?.[1];
    if (track === undefined || mid === undefined) return [];
    const ssrcs = lines.flatMap((line) => line.match(/^a=ssrc:(\d+) /)?.[1] ?? []).map(Number);
    return [{ ...track, mid, ssrcs: [...new Set(ssrcs)] }];
  });
}

/** Lines of an offer that werift must not see: simulcast (it routes by RID across sections) and transport-cc. */
const DECLINED = /^a=(simulcast:|rid:|rtcp-fb:\S+ transport-cc).*\r?\n/gm;

/**
 * A publisher's offer for werift. Simulcast is declined, upon which a browser sends its first layer alone
 * (RFC 8853 section 5.3.2). An inactive section is shown as one that only receives: werift takes the former
 * for a sign of ICE renomination.
 */
export function offerForWerift(offer: string): string {
  return offer.replace(DECLINED, '').replace(/^a=inactive/gm, 'a=recvonly');
}

/** werift closes inactive sections with port 0, which a browser takes for the end of the section (RFC 8829). */
export function keepSectionsOpen(description: string, offer = ''): string {
  const rejected = sectionsOf(offer).map((lines) => /^m=\w+ 0 /.test(lines[0] ?? ''));
  let section = 0;
  return description.replace(
    /^m=(\w+) \d+ /gm,
    (_, kind: string) => `m=${kind} ${rejected[section++] ? 0 : 9} `,
  );
}
