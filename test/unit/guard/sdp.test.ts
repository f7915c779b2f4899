import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSdp } from '../../../src/guard/sdp.js';
import { checkAnswer, checkOffer, type OfferPolicy } from '../../../src/guard/sdp-policy.js';
import { fakeAnswer, fakeOffer } from '../../../src/testing/index.js';

const video = { kind: 'video', streamId: 's1', trackId: 't1' } as const;
const audio = { kind: 'audio', streamId: 's1', trackId: 't2' } as const;

const ALL: OfferPolicy = {
  kinds: new Set(['audio', 'video']),
  maxTracks: 16,
  dataChannels: true,
  canPublishData: true,
};
const VIEWER: OfferPolicy = { ...ALL, kinds: new Set() };

const refusal = (sdp: unknown, policy = ALL): string => {
  try {
    checkOffer(parseSdp(sdp).sections, policy);
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return 'taken';
};

describe('what an offer publishes', () => {
  test('is every sending section, with its stream, track, kind and layers', () => {
    const sdp = fakeOffer([{ ...video, layers: ['q', 'h', 'f'] }, audio]);
    expect(checkOffer(parseSdp(sdp).sections, ALL)).toEqual([
      { trackId: 't1', streamId: 's1', kind: 'video', layers: ['q', 'h', 'f'], muted: false },
      { trackId: 't2', streamId: 's1', kind: 'audio', layers: [], muted: false },
    ]);
  });

  test('is nothing, where the sections receive or are inactive', () => {
    const sdp = fakeOffer([
      { ...video, direction: 'recvonly' },
      { ...audio, direction: 'inactive' },
    ]);
    expect(checkOffer(parseSdp(sdp).sections, VIEWER)).toEqual([]);
  });

  test('reads line ends of LF alone as well', () => {
    expect(checkOffer(parseSdp(fakeOffer([video]).replaceAll('\r\n', '\n')).sections, ALL)).toHaveLength(1);
  });
});

describe('a session that may not publish', () => {
  const sending = fakeOffer([video]);
  const replaceDirection = (by: string) => sending.replace('a=sendonly\r\n', by);

  test.each([
    ['sendonly', sending],
    ['sendrecv', replaceDirection('a=sendrecv\r\n')],
    ['no direction, hence sendrecv', replaceDirection('')],
    ['a direction at the session level only', replaceDirection('').replace('t=0 0', 't=0 0\r\na=recvonly')],
    ['upper case', replaceDirection('a=RECVONLY\r\n')],
    ['white space after it', replaceDirection('a=recvonly \r\n')],
    ['white space before it', replaceDirection('a= recvonly\r\n')],
    ['a value behind it', replaceDirection('a=recvonly:x\r\n')],
    ['two directions', replaceDirection('a=recvonly\r\na=sendonly\r\n')],
    ['the same direction twice', replaceDirection('a=recvonly\r\na=recvonly\r\n')],
    ['port 0', sending.replace('m=video 9', 'm=video 0')],
    ['a second section that sends', fakeOffer([{ ...audio, direction: 'recvonly' }, video])],
  ])('is refused a section with %s', (_, sdp) => {
    expect(refusal(sdp, VIEWER)).toMatch(/^ERR_RELAY_FORBIDDEN: .*section \d \(video\) of the offer sends/);
  });
});

describe('a session that may publish some', () => {
  test('is refused the kinds that it may not send', () => {
    const audioOnly: OfferPolicy = { ...ALL, kinds: new Set(['audio']) };
    expect(refusal(fakeOffer([audio]), audioOnly)).toBe('taken');
    expect(refusal(fakeOffer([audio, video]), audioOnly)).toBe(
      'ERR_RELAY_FORBIDDEN: This session may not publish video: section 1 (video) of the offer sends.',
    );
  });

  test('is refused more tracks than it may send', () => {
    expect(refusal(fakeOffer([audio, video]), { ...ALL, maxTracks: 1 })).toContain(
      'section 1 (video) of the offer is one too many',
    );
    expect(refusal(fakeOffer([{ ...audio, direction: 'inactive' }, video]), { ...ALL, maxTracks: 1 })).toBe(
      'taken',
    );
  });

  test.each([
    ['the relay', { dataChannels: false }, /^ERR_RELAY_FORBIDDEN: Data channels are refused here/],
    [
      'its grants',
      { canPublishData: false },
      /^ERR_RELAY_FORBIDDEN: This session may not send messages \(canPublishData\)/,
    ],
  ])('is refused data channels where %s do not allow them, rejected ones too', (_, policy, said) => {
    for (const offer of [
      fakeOffer([video]),
      fakeOffer([video]).replace('m=application 9', 'm=application 0'),
    ]) {
      const refused = refusal(offer, { ...ALL, ...policy });
      expect(refused).toMatch(said);
      expect(refused).toMatch(
        /section 1 \(application\) of the offer is one.*audio that is recvonly.*ion-sdk-js/,
      );
    }
    expect(refusal(fakeOffer([video], { dataChannel: false }), { ...ALL, ...policy })).toBe('taken');
    expect(refusal(fakeOffer([], { dataChannel: false }), { ...ALL, ...policy })).toBe('taken');
  });
});

describe('a description that the SFU would not take', () => {
  const good = fakeOffer([video]);
  const without = (pattern: RegExp) => good.replace(pattern, '');

  test.each([
    ['no text', 5, 'not a text'],
    ['empty', '', 'not a text'],
    ['prose', 'hello', 'a line is not of the form'],
    ['too long', `${good}a=x:${'y'.repeat(300_000)}\r\n`, 'longer than'],
    ['without a version', without(/v=0\r\n/), '"v=" is missing'],
    ['of another version', good.replace('v=0', 'v=1'), 'version'],
    ['without an origin', without(/o=.*\r\n/), '"o=" is missing'],
    ['without a name', without(/s=.*\r\n/), '"s=" is missing'],
    ['without timing', without(/t=.*\r\n/), '"t=" is missing'],
    ['with session lines out of order', good.replace(/(s=.*\r\n)(t=.*\r\n)/, '$2$1'), '"s=" is missing'],
    ['without a section', good.slice(0, good.indexOf('m=')), 'no media section'],
    ['without ICE credentials', without(/a=ice-ufrag.*\r\n/g), 'no ICE credentials'],
    ['without a password', without(/a=ice-pwd.*\r\n/g), 'no ICE credentials'],
    ['with two transports', good.replace(/a=ice-ufrag:.*/, 'a=ice-ufrag:other'), 'max-bundle'],
    ['without a fingerprint', without(/a=fingerprint.*\r\n/g), 'fingerprint'],
    [
      'with a malformed fingerprint',
      good.replaceAll(/a=fingerprint:.*/g, 'a=fingerprint:sha-256 XY'),
      'fingerprint',
    ],
    ['without a mid', without(/a=mid:0\r\n/), 'no a=mid'],
    ['with a mid twice', good.replace('a=mid:1', 'a=mid:0'), 'a=mid'],
    ['with a section of text', good.replace('m=video', 'm=text'), 'neither audio, video nor application'],
    ['with a track twice', fakeOffer([video, { ...audio, trackId: 't1' }]), 'twice'],
    ['with a malformed candidate', good.replace('a=mid:0', 'a=candidate:1 1 udp\r\na=mid:0'), 'RFC 8839'],
    ['with a version twice', good.replace('v=0', 'v=0\r\nv=0'), 'out of place'],
    ['with an origin twice', good.replace(/(o=.*\r\n)/, '$1$1'), 'out of place'],
    ['with no codec that has a number', without(/a=rtpmap.*\r\n/), 'does not offer VP8'],
    ['with a rate of 0', good.replace('VP8/90000', 'VP8/0'), 'does not offer VP8'],
    ['with a payload type beyond 127', good.replace('a=rtpmap:96', 'a=rtpmap:961'), 'does not offer VP8'],
    [
      'with an id that is too long',
      good.replace(/a=msid:.*/, `a=msid:s ${'t'.repeat(129)}`),
      'more than 128 characters',
    ],
    [
      'with a fingerprint of an unknown algorithm',
      good.replaceAll('sha-256', 'sha3-256'),
      'an algorithm other than',
    ],
    ['with a control character', good.replace('s=-', 's=\u0007'), 'a line is not of the form'],
    [
      'with a lone CR, where parsers disagree',
      good.replace('a=mid:0', 'a=mid:0\ra=sendonly'),
      'a line is not',
    ],
    ['with a line separator', good.replace('s=-', 's=\u2028'), 'a line separator of Unicode'],
    [
      'with a paragraph separator',
      good.replace('a=mid:0', 'a=x\u2029y\r\na=mid:0'),
      'a line separator of Unicode',
    ],
    ['with attributes before its name', good.replace('s=-', 'a=x\r\ns=-'), '"s=" is missing'],
    ['with a line that SDP does not know', good.replace('a=mid:0', 'x=1\r\na=mid:0'), 'has a line "x="'],
    ['over another protocol', good.replace('UDP/TLS/RTP/SAVPF', 'TCP/TLS/RTP/SAVPF'), 'over RTP'],
    ['with a port out of range', good.replace('m=video 9', 'm=video 65536'), 'port out of range'],
    ['with a mid of Plan B', good.replace('a=mid:0', 'a=mid:Video'), 'Plan B'],
    ['with no codec of the SFU', good.replace('VP8/90000', 'AV1/90000'), 'does not offer'],
    [
      'with a codec of the SFU that only stands for another',
      good.replace('a=mid:0', 'a=fmtp:96 x=1;apt=5\r\na=mid:0'),
      'does not offer',
    ],
    [
      'with a codec of the SFU under a payload type that it does not offer',
      good.replace('a=rtpmap:96', 'a=rtpmap:97').replace('a=mid:0', 'a=rtpmap:96 x/1\r\na=mid:0'),
      'does not offer',
    ],
    [
      'with 65 sections',
      fakeOffer(Array.from({ length: 65 }, (_, n) => ({ ...video, trackId: `t${n}` }))),
      '64',
    ],
  ])('%s: refused, with what is wrong', (_, sdp, message) => {
    expect(refusal(sdp)).toMatch(/^ERR_RELAY_INVALID_SDP: The (SDP|ICE candidate) can't be used: /);
    expect(refusal(sdp)).toContain(message);
  });
});

const fixture = (name: string) =>
  readFileSync(new URL(`../../fuzz/fixtures/${name}.sdp`, import.meta.url), 'utf8');

describe('a description of Chromium', () => {
  test.each([
    'offer-audio-video',
    'offer-candidates',
    'offer-simulcast',
    'offer-track-removed',
    'offer-viewer',
  ])('is taken: %s', (name) => {
    expect(refusal(fixture(name))).toBe('taken');
  });

  test.each([
    ['answer-empty', 'VP8'],
    ['answer-tracks', 'H264'],
  ] as const)('is taken: %s', (name, codec) => {
    expect(parseSdp(fixture(name), codec).sections.length).toBeGreaterThan(0);
  });
});

test.each(['answer-aiortc', 'answer-webrtcbin'])('a description of a native client is taken: %s', (name) => {
  expect(parseSdp(fixture(name)).sections.length).toBeGreaterThan(1);
});

describe('an offer of Firefox, whose bundle-only sections have port 0', () => {
  const published = (name: string, policy = ALL) =>
    checkOffer(parseSdp(fixture(name)).sections, policy).map(({ kind }) => kind);

  test.each([
    ['offer-firefox-second-video', ['audio', 'video', 'video']],
    ['offer-firefox-max-bundle', ['audio', 'video', 'video']],
    ['offer-firefox-video-stopped', ['audio', 'video']],
  ])('publishes them, but not what is stopped: %s', (name, kinds) => {
    expect(published(name)).toEqual(kinds);
  });

  test('is refused to a viewer, and beyond the number of tracks', () => {
    const sdp = fixture('offer-firefox-max-bundle');
    expect(refusal(sdp, VIEWER)).toContain('section 1 (audio) of the offer sends');
    expect(refusal(sdp, { ...ALL, maxTracks: 2 })).toContain(
      'section 3 (video) of the offer is one too many',
    );
  });

  test('is held to the codecs in a section that sends nothing, as such a one is not rejected', () => {
    const withoutVp8 = fixture('offer-firefox-max-bundle')
      .replaceAll('VP8/90000', 'H264/90000')
      .replaceAll('a=sendonly', 'a=inactive')
      .replace(/^a=ssrc.*\r\n/gm, '');
    expect(refusal(withoutVp8)).toContain('section 2 (video) does not offer VP8');
    expect(refusal(withoutVp8.replaceAll('a=bundle-only\r\n', ''))).toBe('taken');
  });
});

test('an answer is read the same way', () => {
  expect(parseSdp(fakeAnswer(fakeOffer([video]))).sections.map(({ kind, sends }) => [kind, sends])).toEqual([
    ['video', false],
    ['application', true],
  ]);
});

test('an answer has the sections of its offer, in their order', () => {
  const offer = fakeOffer([video, audio]);
  const check = (answered: string) => () => checkAnswer(parseSdp(answered).sections, offer);
  expect(check(fakeAnswer(offer))).not.toThrow();
  for (const other of [
    fakeOffer([video]),
    fakeOffer([audio, video]),
    fakeOffer([video, audio], { dataChannel: false }),
  ])
    expect(check(fakeAnswer(other))).toThrow("are not those of the SFU's offer");
});

test('a section that was rejected needs no codec that the SFU forwards', () => {
  const rejected = fakeOffer([video, { ...audio, direction: 'inactive' }])
    .replace('m=audio 9 UDP/TLS/RTP/SAVPF 111', 'm=audio 0 UDP/TLS/RTP/SAVPF 0')
    .replace('a=rtpmap:111 opus/48000/2', 'a=rtpmap:0 PCMU/8000')
    .replace(/a=ssrc:1001.*\r\n/, '');
  expect(refusal(rejected)).toBe('taken');
  expect(refusal(rejected.replace('m=audio 0', 'm=audio 9'))).toContain('opus');
});
