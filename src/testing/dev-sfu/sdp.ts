import { findLine, isEnded, type SentTrack, sectionsOf, sentTrack } from '../scripted/sdp-sections.js';

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

/** Lines that are removed from an offer for werift: simulcast (werift routes by RID across sections) and transport-cc. */
const DECLINED = /^a=(?:simulcast:|rid:|rtcp-fb:\S+ transport-cc)/;

const ICE_CREDENTIALS = /^a=ice-(?:ufrag|pwd):.*\r?\n/gm;

/**
 * Rewrites a publisher's offer for werift. Simulcast is declined, so that the browser sends only its first layer (RFC 8853
 * section 5.3.2). Inactive sections become recvonly, because werift reads an inactive one as an ICE renomination. A section that
 * Firefox has stopped has no ICE credentials, which werift reads as an ICE restart: it gets those of the others.
 */
export function offerForWerift(offer: string): string {
  const credentials = (offer.match(ICE_CREDENTIALS) ?? []).slice(0, 2).join('');
  const shown = offer
    .split(/(?<=\n)/)
    .filter((line) => !DECLINED.test(line))
    .join('')
    .replace(/^a=inactive/gm, 'a=recvonly');
  const [session = '', ...sections] = shown.split(/^(?=m=)/m);
  const hasCredentials = (part: string) => /^a=ice-ufrag:/m.test(part);
  if (hasCredentials(session)) return shown;
  return [session, ...sections.map((each) => (hasCredentials(each) ? each : each + credentials))].join('');
}

/** Rewrites werift's offer for a browser: werift gives inactive sections port 0, which would stop them (RFC 8829). */
export function offerForBrowser(offer: string): string {
  return offer.replace(/^m=(\w+) 0 /gm, 'm=$1 9 ');
}

/** Chromium requires it in the answer to an offer with simulcast, even a declined one. */
const RID_EXTENSION = /^a=extmap:\d+ urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id$/;

const BUNDLE = /^a=group:BUNDLE.*$/m;

/** Rewrites werift's answer for a browser: keeps the bundle and the stopped sections of `offer`. */
export function answerForBrowser(answer: string, offer: string): string {
  const offered = sectionsOf(offer);
  const [session = '', ...sections] = answer.split(/^(?=m=)/m);
  const bundle = offer.match(BUNDLE)?.[0];
  const answered = sections.map((section, index) => {
    const lines = offered[index] ?? [];
    const port = isEnded(lines) ? 0 : 9;
    const simulcast = findLine(lines, /^a=simulcast:send /) !== undefined;
    const extension = simulcast ? findLine(lines, RID_EXTENSION)?.[0] : undefined;
    return section.replace(/^(m=\w+) \d+/, `$1 ${port}`) + (extension ? `${extension}\r\n` : '');
  });
  return [bundle ? session.replace(BUNDLE, bundle) : session, ...answered].join('');
}
