/** An answer whose rejected sections (port 0) are acceptable to Ion. */
export interface FilledAnswer {
  sdp: string;
  /** The ids of the rejected tracks. */
  rejected: string[];
}

const NOTHING: string[] = [];
const REJECTED = /^m=(?:audio|video) 0 /m;
const SECTION = /^(?=m=)/m;
const MEDIA_LINE = /^m=(audio|video) (\d{1,5}) /;
const TRACK = /^a=msid:\S{1,256} (\S{1,256})/m;
const LINE_END = /\r?\n/;
/** Lines that Ion applies to all later sections of the kind. */
const LEARNT = /^a=(?:rtpmap|fmtp|rtcp-fb|extmap):/;

/**
 * A client rejects a section whose codec it lacks, and the other lines of the section have no meaning then (RFC
 * 3264 § 6, RFC 9429 § 5.3.1): browsers write other codecs, no codec or other ICE credentials there. Ion parses it nevertheless:
 * it takes the codecs of a kind from the first answer with such a section, ends the session where these lack the codec of the
 * track, and omits a section without direction from its next offer. The filled section repeats the offer's codecs, is inactive,
 * and has no other lines.
 * @param offer the SFU's offer
 */
export function fillRejectedSections(answer: string, offer: string): FilledAnswer {
  if (typeof answer !== 'string' || !REJECTED.test(answer)) return { sdp: answer, rejected: NOTHING };
  const [, ...offered] = offer.split(SECTION);
  const [session = '', ...sections] = answer.split(SECTION);
  const rejected: string[] = [];
  const filled = sections.map((section, index) => {
    const [, kind, port] = MEDIA_LINE.exec(section) ?? [];
    const counterpart = offered[index] ?? '';
    // Another kind than the offer's is refused later on.
    if (Number(port) !== 0 || MEDIA_LINE.exec(counterpart)?.[1] !== kind) return section;
    const trackId = TRACK.exec(counterpart)?.[1];
    if (trackId !== undefined) rejected.push(trackId);
    return fill(section.split(LINE_END), counterpart.split(LINE_END));
  });
  return { sdp: session + filled.join(''), rejected };
}

function fill(answered: readonly string[], offered: readonly string[]): string {
  const [mediaLine = '', ...lines] = offered;
  return [
    mediaLine.replace(/^(m=\w+) \d+/, '$1 0'),
    'c=IN IP4 0.0.0.0',
    ...answered.filter((line) => line.startsWith('a=mid:')),
    'a=inactive',
    ...lines.filter((line) => LEARNT.test(line)),
    '',
  ].join('\r\n');
}
