import type { Verdict } from './attempt.js';

const TEXT = 'parsers may read such a line differently; no client writes it';
const NO_CODEC =
  'only Opus and the codec of `videoCodec` are allowed; media of another codec ends the viewers’ sessions, or the SFU';
const LIMIT = 'exceeds a limit of the relay (`LIMITS`)';
const ANSWER = 'an answer must have the sections of its offer (RFC 9429 § 5.3.1)';
const CLOCK_RATE = 'RFC 8866 § 6.6 requires one, and the SFU divides by it';
const CANDIDATE = 'not a candidate by RFC 8839';

/** Why the relay does not take what a bare Ion takes, by the name of the variant. */
const REFUSALS: Record<string, string> = {
  'a control character': TEXT,
  'a NUL': TEXT,
  'a CR in a line': TEXT,
  'a line separator of Unicode': TEXT,
  'video on port 65536': 'ports end at 65535',
  'a further section of text':
    'the SFU omits the section from its answer, and browsers refuse such an answer',
  'a mid of 129 characters': LIMIT,
  'a mid with a space': '`a=group` cannot name it',
  'one mid for two sections': 'mids must be unique (RFC 5888)',
  'an msid of 129 characters': LIMIT,
  'nine layers': LIMIT,
  'no VP8': NO_CODEC,
  'VP8 as payload type 096': 'numbers must not have leading zeros (RFC 8866 § 9)',
  'a clock rate of 0': CLOCK_RATE,
  'no clock rate': CLOCK_RATE,
  'an ICE user of 257 characters': 'RFC 8839 allows 256',
  'an answer without mids': ANSWER,
  'an answer without its last section': ANSWER,
  'trickled: a candidate with a further line': CANDIDATE,
  'trickled: a candidate without "typ"': CANDIDATE,
  'trickled: a candidate of 1100 characters': LIMIT,
};

/** Why the relay refuses what a bare Ion answers, though no media comes of it. */
const FUTILE: Record<string, string> = {
  'no Opus': NO_CODEC,
  'PCMU alone': NO_CODEC,
  'no codec that the SFU knows': NO_CODEC,
  'no payload type': NO_CODEC,
  'no a=rtpmap': NO_CODEC,
  'a=rtpmap with doubled spaces': NO_CODEC,
  'a=rtpmap with a space at its end': NO_CODEC,
  'another codec of the payload type first': NO_CODEC,
  'VP8 that stands for another codec': NO_CODEC,
  'one track id for two tracks of two streams': 'the SFU would treat both as layers of one track',
  'one msid for two tracks': 'the SFU would treat both as layers of one track',
  'an empty ICE user': 'the peers could not connect',
  'a fingerprint of an unknown algorithm': 'the peers could not connect',
  'a fingerprint without colons': 'the peers could not connect',
  'a fingerprint that is a word': 'the peers could not connect',
};

/** One line for each difference; throws where there is none. */
export function explanationOf(name: string, bare: Verdict, relay: Verdict): string {
  if (relay === 'taken') return 'the relay normalizes the line, or removes it';
  const known = bare === 'taken' ? REFUSALS[name] : FUTILE[name];
  if (known === undefined)
    throw new Error(`nothing explains "${name}": a bare Ion ${bare}, the relay ${relay}`);
  return known;
}
