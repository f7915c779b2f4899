/** The publisher's stream and track ids: `a=msid` of the section `mid` (RFC 8830). */
export function readMsid(sdp: string, mid: string | null): { streamId?: string; trackId?: string } {
  const section = sdp.split(/^m=/m).find((each) => mid !== null && lineOf(each, 'mid') === mid);
  const [streamId, trackId] = lineOf(section ?? '', 'msid')?.split(' ') ?? [];
  // "-" says that the track is in no stream.
  return { ...(streamId && streamId !== '-' ? { streamId } : {}), ...(trackId ? { trackId } : {}) };
}

function lineOf(section: string, attribute: string): string | undefined {
  return new RegExp(`^a=${attribute}:(.+?)\r?$`, 'm').exec(section)?.[1];
}
