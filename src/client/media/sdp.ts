const MID = /^a=mid:(.+)/m;
const MSID = /^a=msid:(.+)/m;

/** The publisher's stream and track ids: `a=msid` of the section `mid` (RFC 8830). */
export function readMsid(
  sdp: string,
  mid: string | null,
): { streamId: string | undefined; trackId: string | undefined } {
  const section = sectionsOf(sdp).find((each) => mid !== null && MID.exec(each)?.[1] === mid);
  const [streamId, trackId] = MSID.exec(section ?? '')?.[1]?.split(' ') ?? [];
  // "-" says that the track is in no stream.
  return { streamId: streamId === '-' ? undefined : streamId, trackId };
}

/**
 * Ion answers a section that the offer has stopped, or in which it sends nothing, as if it were live, and browsers
 * refuse that: such a one is answered by port 0, outside the bundle (RFC 3264 § 6, RFC 9143 § 7.3.3).
 */
export function stopSections(answer: string, offer: string): string {
  const offered = sectionsOf(offer);
  const stopped: string[] = [];
  const sections = sectionsOf(answer).map((section, index) => {
    if (index === 0 || !isStopped(offered[index] ?? '')) return section;
    stopped.push(MID.exec(section)?.[1] ?? '');
    return section.replace(/^(m=\w+) \d+/, '$1 0');
  });
  const bundled = (mids: string) => mids.split(' ').filter((mid) => !stopped.includes(mid));
  return sections
    .join('')
    .replace(/^(a=group:BUNDLE )(.+)/m, (_, group, mids) => group + bundled(mids).join(' '));
}

/** Port 0 stops a section, except where it says `a=bundle-only`, as Firefox does in offers (RFC 9143 § 6). */
function isStopped(section: string): boolean {
  return (
    /^a=inactive\r?$/m.test(section) || (/^m=\w+ 0 /.test(section) && !/^a=bundle-only\r?$/m.test(section))
  );
}

/** The session part, then the media sections. */
function sectionsOf(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m);
}
