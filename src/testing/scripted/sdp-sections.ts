/** The lines of an SDP's media sections (RFC 8866), session part left out. */
export function sectionsOf(sdp: string): string[][] {
  return sdp
    .split(/^(?=m=)/m)
    .slice(1)
    .map((section) => section.split(/\r?\n/).filter((line) => line !== ''));
}

/** The match of the first line that matches. */
export function findLine(lines: readonly string[], pattern: RegExp): RegExpMatchArray | undefined {
  for (const line of lines) {
    const match = line.match(pattern);
    if (match) return match;
  }
  return undefined;
}

/** Whether an offer has stopped a section by port 0. With `a=bundle-only` it is in use (RFC 9143 § 6). */
export function isEnded(lines: readonly string[]): boolean {
  return /^m=\w+ 0 /.test(lines[0] ?? '') && !lines.includes('a=bundle-only');
}

/** The ids of a track in `a=msid` (RFC 8830). */
export interface SentTrack {
  kind: 'audio' | 'video';
  streamId: string;
  trackId: string;
}

/** The track that a section sends; undefined if it does not send. */
export function sentTrack(lines: readonly string[]): SentTrack | undefined {
  const [, kind] = lines[0]?.match(/^m=(audio|video) /) ?? [];
  const [, streamId, trackId] = findLine(lines, /^a=msid:(\S+) (\S+)/) ?? [];
  const sends = !isEnded(lines) && !lines.includes('a=recvonly') && !lines.includes('a=inactive');
  if ((kind !== 'audio' && kind !== 'video') || !streamId || !trackId || !sends) return undefined;
  return { kind, streamId, trackId };
}
