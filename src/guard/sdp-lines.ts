import { RelayError } from '../protocol/errors.js';

export function invalidSdp(what: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_SDP', `The SDP can't be used: ${what}.`);
}

/** Lines "x=…" that end with CRLF, as browsers write them: the common case with a fast path. */
// Parsers disagree about control characters, lone CRs and Unicode's line separators.
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point.
const WELL_FORMED = /^(?:[a-z]=[^\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]+\r\n)+$/;
/** Characters that no line may contain. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const FORBIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const UNICODE_SEPARATOR = /[\u2028\u2029]/;
const LINE = /^[a-z]=/;
const BLANK = /^[ \t]*$/;

/** The lines of a description without line ends. Empty lines are skipped; the last line end is optional. */
export function linesOf(sdp: string): string[] {
  if (WELL_FORMED.test(sdp)) {
    const lines = sdp.split('\r\n');
    lines.pop();
    return lines;
  }
  if (UNICODE_SEPARATOR.test(sdp)) throw invalidSdp('it has a line separator of Unicode (U+2028, U+2029)');
  const lines: string[] = [];
  for (const ended of sdp.split('\n')) {
    const line = withoutCarriageReturns(ended);
    if (BLANK.test(line)) continue;
    if (!LINE.test(line) || FORBIDDEN.test(line)) throw invalidSdp('a line is not of the form "x=…"');
    lines.push(line);
  }
  return lines;
}

function withoutCarriageReturns(line: string): string {
  let end = line.length;
  while (line.charCodeAt(end - 1) === 0x0d) end -= 1;
  return line.slice(0, end);
}
