const MID = /^a=mid:(.+)/m;
const MSID = /^a=msid:(.+)/m;

/** The publisher's stream and track ids, from `a=msid` of the section with this `mid` (RFC 8830). */
export function readMsid(
  sdp: string,
  mid: string | null,
): { streamId: string | undefined; trackId: string | undefined } {
  const section = sectionsOf(sdp).find((each) => MID.exec(each)?.[1] === mid);
  const [streamId, trackId] = MSID.exec(section ?? '')?.[1]?.split(' ') ?? [];
  // "-": the track has no stream.
  return { streamId: streamId === '-' ? undefined : streamId, trackId };
}

/**
 * Rejects media sections in the SFU's answer by port 0, outside the bundle (RFC 3264 § 6, RFC 9143 § 7.3.3): those that the offer
 * has stopped, and those in which it does not send. Ion answers them as if they were in use, which browsers refuse.
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

/** Port 0 stops a section, unless it has `a=bundle-only`, as in offers of Firefox (RFC 9143 § 6). */
function isStopped(section: string): boolean {
  return (
    /^a=inactive\r?$/m.test(section) || (/^m=\w+ 0 /.test(section) && !/^a=bundle-only\r?$/m.test(section))
  );
}

/** The session part, then the media sections. */
function sectionsOf(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m);
}
