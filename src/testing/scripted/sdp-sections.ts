/** The lines of an SDP's media sections (RFC 8866), session part left out. */
export function sectionsOf(sdp: string): string[][] {
  return sdp
    .split(/^(?=m=)/m)
    .slice(1)
    .map((section) => section.split(/\r?\n/).filter((line) => line !== ''));
}

/** The first line that matches, as matched. */
export function findLine(lines: readonly string[], pattern: RegExp): RegExpMatchArray | undefined {
  for (const line of lines) {
    const match = line.match(pattern);
    if (match) return match;
  }
  return undefined;
}

/** Whether an offer has ended a section: with port 0 and `a=bundle-only` it is live (RFC 9143 § 6). */
export function isEnded(lines: readonly string[]): boolean {
  return /^m=\w+ 0 /.test(lines[0] ?? '') && !lines.includes('a=bundle-only');
}

/** A track as `a=msid` (RFC 8830) names it. */
export interface SentTrack {
  kind: 'audio' | 'video';
  streamId: string;
  trackId: string;
}

/** The track that a section sends, if it does. */
export function sentTrack(lines: readonly string[]): SentTrack | undefined {
  const [, kind] = lines[0]?.match(/^m=(audio|video) /) ?? [];
  const [, streamId, trackId] = findLine(lines, /^a=msid:(\S+) (\S+)/) ?? [];
  const sends = !isEnded(lines) && !lines.includes('a=recvonly') && !lines.includes('a=inactive');
  if ((kind !== 'audio' && kind !== 'video') || !streamId || !trackId || !sends) return undefined;
  return { kind, streamId, trackId };
}
