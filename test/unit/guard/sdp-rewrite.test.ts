import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSdp } from '../../../src/guard/sdp.js';
import { checkOffer, type OfferPolicy } from '../../../src/guard/sdp-policy.js';
import { rewriteSdp } from '../../../src/guard/sdp-rewrite.js';
import { fakeOffer } from '../../../src/testing/index.js';

const VIEWER: OfferPolicy = { kinds: new Set(), maxTracks: 16, dataChannels: true, canPublishData: true };
const ALL = { admitsCandidate: () => true, countsVideoPackets: true };
const video = { kind: 'video', streamId: 's1', trackId: 't1' } as const;

const rewrite = (sdp: string, policy: Parameters<typeof rewriteSdp>[1] = ALL) =>
  rewriteSdp(parseSdp(sdp), policy);
const lines = (sdp: string, pattern: RegExp) => sdp.split('\r\n').filter((line) => pattern.test(line));

describe('what the SFU gets to see of a description', () => {
  test('is all of one that has nothing else', () => {
    const sdp = fakeOffer([video]);
    expect(rewrite(sdp)).toBe(sdp);
  });

  test("has Opus and one video codec alone: a second one throws the room's viewers out", () => {
    const real = readFileSync(
      new URL('../../fuzz/fixtures/offer-simulcast.sdp', import.meta.url),
      'utf8',
    ).replace(/\r?\n/g, '\r\n');
    const extra = 'a=rtpmap:77 AV1/90000\r\na=fmtp:77 profile=0\r\na=rtcp-fb:77 nack pli\r\n';
    const mixed = real.replace(
      /(m=video \S+ \S+)(.*\r\n)/,
      (_, head, formats) => `${head} 77${formats}${extra}`,
    );
    const seen = rewrite(mixed);
    const [media = ''] = lines(seen, /^m=video/);
    const payloads = media.split(' ').slice(3);
    expect(payloads.length).toBe(1);
    expect(lines(seen, /^a=rtpmap:/).map((line) => line.split(' ')[1])).toEqual(
      expect.arrayContaining(['VP8/90000']),
    );
    expect(lines(seen, /AV1|rtx|^a=(fmtp|rtcp-fb):77/)).toEqual([]);
    expect(lines(seen, /^a=(rid|simulcast|msid|mid|extmap)/)).toEqual(
      lines(mixed, /^a=(rid|simulcast|msid|mid|extmap)/),
    );
    expect(() => parseSdp(seen)).not.toThrow();
  });

  test('has that codec only, which the relay is set to', () => {
    const vp9 = fakeOffer([video]).replace('VP8/90000', 'VP9/90000');
    expect(() => parseSdp(vp9)).toThrow('does not offer VP8');
    expect(() => parseSdp(vp9, 'VP9')).not.toThrow();
  });

  test('is without the numbers of video packets that Ion does not count: browsers would take them for lost', () => {
    const real = readFileSync(
      new URL('../../fuzz/fixtures/offer-audio-video.sdp', import.meta.url),
      'utf8',
    ).replace(/\r?\n/g, '\r\n');
    const numbered = (sdp: string) =>
      sdp
        .split(/^(?=m=)/m)
        .flatMap((section) => (section.includes('transport-wide-cc') ? [section.slice(0, 7)] : []));
    expect(numbered(rewrite(real))).toEqual(['m=audio', 'm=video']);
    const seen = rewrite(real, { ...ALL, countsVideoPackets: false });
    expect(numbered(seen)).toEqual(['m=audio']);
    expect(lines(seen, /transport-cc$/)).toEqual(lines(rewrite(real), /transport-cc$/));
  });

  test('is without the candidates that a policy keeps back', () => {
    const line = (address: string) => `a=candidate:1 1 udp 1 ${address} 9 typ host\r\n`;
    const sdp = fakeOffer([video]);
    const both = sdp.replace('a=mid:0', `${line('10.0.0.1')}${line('198.51.100.1')}a=mid:0`);
    const admitsCandidate = (candidate: string) => !candidate.includes(' 10.0.0.1 ');
    expect(rewrite(both, { ...ALL, admitsCandidate })).toBe(
      sdp.replace('a=mid:0', `${line('198.51.100.1')}a=mid:0`),
    );
  });
});

describe('a single section, in which the SFU takes media that nothing declares', () => {
  test.each([
    ['a data channel', fakeOffer()],
    ['a receiver', fakeOffer([{ ...video, direction: 'recvonly' }], { dataChannel: false })],
    ['a receiver without a track', fakeOffer([], { dataChannel: false })],
    ['a source declared where it does not count', fakeOffer().replace('t=0 0', 't=0 0\r\na=ssrc:1 cname:x')],
  ])('is closed to it: %s', (_, sdp) => {
    const sealed = rewrite(sdp);
    expect(sealed).toBe(`${sdp}a=ssrc:1 cname:-\r\n`);
    expect(checkOffer(parseSdp(sealed).sections, VIEWER)).toEqual([]);
  });

  test.each([
    ['a publisher', fakeOffer([video], { dataChannel: false })],
    ['two sections', fakeOffer([{ ...video, direction: 'recvonly' }])],
  ])('stays as it is: %s', (_, sdp) => {
    expect(rewrite(sdp)).toBe(sdp);
  });
});

describe('what clients write in other ways', () => {
  const audio = { kind: 'audio', streamId: 's1', trackId: 't2' } as const;
  const plain = fakeOffer([video]);
  const fingerprint = (/^a=fingerprint:sha-256 (.*)\r$/m.exec(plain) ?? [])[1] ?? '';
  const others = ['sha-384', 'sha-512'].map((name) => `a=fingerprint:${name} ${fingerprint}\r\n`).join('');
  const add = (line: string, sdp = plain) => sdp.replace('a=mid:0', `${line}\r\na=mid:0`);

  test.each([
    ['a fingerprint for each algorithm', plain.replaceAll(/(a=fingerprint:.*\r\n)/g, `$1${others}`)],
    ['the fingerprint of SHA-256 last', plain.replaceAll(/(a=fingerprint:.*\r\n)/g, `${others}$1`)],
    ['an algorithm in upper case', plain.replaceAll('sha-256', 'SHA-256')],
    ['a fingerprint in lower case', plain.replaceAll(fingerprint, fingerprint.toLowerCase())],
    ['empty lines', plain.replace('t=0 0\r\n', 't=0 0\r\n\r\n  \r\n')],
    ['LF alone', plain.replaceAll('\r\n', '\n')],
    ['CRs doubled', plain.replaceAll('\r\n', '\r\r\n')],
    ['no end of the last line', plain.trimEnd()],
    ['an empty name', plain.replace('s=-', 's=')],
    ['a second time', plain.replace('t=0 0', 't=0 0\r\nt=1 2')],
    ['a repeat time', plain.replace('t=0 0', 't=0 0\r\nr=7d 1h 0')],
    ['contacts', plain.replace('s=-', 's=-\r\ni=x\r\nu=x\r\ne=x\r\np=x')],
    ['a bandwidth by another rule', add('b=TIAS:9')],
    ['a bandwidth that is none', add('b=AS:x')],
    ['a malformed c=', add('c=IN IP4 -1.0.0.0')],
    ['a title of its section', add('i=camera')],
    ['a header extension of no number', add('a=extmap:0 urn:x')],
    ['a header extension that is no URI', add('a=extmap:1 %zz')],
    ['a role that is none', add('a=setup:x')],
    ['a codec twice', plain.replace('VP8/90000', 'VP8/90000\r\na=rtpmap:96 x/1')],
    ['a payload type that nothing explains', plain.replace('SAVPF 96', 'SAVPF 96 97')],
    ['a codec for one that has no number', add('a=fmtp:96 apt=x')],
    ['a range of ports', plain.replace('m=video 9 ', 'm=video 9/2 ')],
    ['doubled spaces', plain.replace('m=video 9 ', 'm=video  9 ')],
    ['a candidate of an unknown transport', add('a=candidate:1 1 ssltcp 1 127.0.0.1 9 typ host')],
    ['a mid and white space', plain.replace('a=mid:0', 'a=mid: 0 ')],
    ['two mids', plain.replace('a=mid:0', 'a=mid:0\r\na=mid:7')],
    ['the ids in a=ssrc too', plain.replace('cname:fake', 'cname:fake\r\na=ssrc:1000 msid:s1 t1')],
    ['the ids twice', plain.replace('a=msid:s1 t1', 'a=msid:s1 t1\r\na=msid:s2 t1')],
  ])('and mean the same is the same to the SFU: %s', (_, sdp) => {
    expect(rewrite(sdp)).toBe(plain);
  });

  test('is the msid of a=ssrc, where the SFU takes it from, whatever a=msid says', () => {
    const seen = (sdp: string) => lines(rewrite(sdp), /^a=(msid|ssrc):/);
    const source = 'a=ssrc:1000 msid:s9 t9\r\na=ssrc:1000 cname:fake';
    const expected = ['a=msid:s9 t9', 'a=ssrc:1000 cname:fake'];
    expect(seen(plain.replace('a=ssrc:1000 cname:fake', source))).toEqual(expected);
    expect(seen(plain.replace(/a=msid:.*\r\n/, '').replace('a=ssrc:1000 cname:fake', source))).toEqual(
      expected,
    );
    expect(seen(plain.replace('cname:fake', 'msid:s9 t9'))).toEqual(['a=msid:s9 t9', 'a=ssrc:1000 cname:-']);
  });

  test.each(['0000000001000', '1000', 'x', ''])(
    'has no other msid, whatever source it is said of: "%s"',
    (source) => {
      const sdp = plain.replace('a=ssrc:', `a=ssrc:${source} msid:s9 t9\r\na=ssrc:`);
      expect(lines(rewrite(sdp), /msid:s9 t9/)).toEqual(['a=msid:s9 t9']);
      expect(rewrite(rewrite(sdp))).toBe(rewrite(sdp));
    },
  );

  test.each(['a=ice-ufrag', 'a=ice-pwd', 'a=ice-ufrag:'])(
    'is refused where %s of the session has no value',
    (line) => {
      expect(() => parseSdp(plain.replace('t=0 0', `t=0 0\r\n${line}`))).toThrow('malformed a=ice-');
    },
  );

  test('keeps attributes of the session that it does not know', () => {
    const sdp = plain.replace('t=0 0', 't=0 0\r\na=ice-ufragx\r\na=x');
    expect(rewrite(sdp)).toBe(sdp);
  });

  test('is without NACKs of audio, which the SFU does not survive', () => {
    const asking = add('a=rtcp-fb:111 nack\r\na=rtcp-fb:* nack pli', fakeOffer([audio]));
    expect(rewrite(asking)).toBe(fakeOffer([audio]));
  });

  describe('with rejected sections', () => {
    const three = fakeOffer([video, { ...video, trackId: 't2' }, { ...video, trackId: 't3' }]);
    const [head = '', ...sections] = three.split(/^(?=m=)/m);
    /** As Chromium writes it when it restarts ICE after sections were stopped. */
    const rejected = (section = '') =>
      section
        .replace(/^(m=\w+) \d+/, '$1 0')
        .replace(/a=ice-ufrag:.*/, 'a=ice-ufrag:other')
        .replace(/a=ice-pwd:.*/, 'a=ice-pwd:othersOfTheSectionThatIsRejected')
        .replace(/a=fingerprint:sha-256 ../, 'a=fingerprint:sha-256 00')
        .replace('a=sendonly', 'a=inactive')
        .replace(/a=(?:ssrc|msid):.*\r\n/g, '');

    test.each([0, 1, 2])('has the transport of the others in section %i', (place) => {
      const sdp = head + sections.map((each, n) => (n === place ? rejected(each) : each)).join('');
      expect(parseSdp(sdp).iceCredentials).toBe(parseSdp(three).iceCredentials);
      const transport = /^a=(?:ice-|fingerprint)/;
      expect(lines(rewrite(sdp), transport)).toEqual(lines(rewrite(three), transport));
    });

    test('alone keeps the transport of the first one', () => {
      const [first, ...more] = sections.map(rejected);
      const sdp = head + first + more.join('').replaceAll(/(a=ice-(?:ufrag|pwd):)o/g, '$1x');
      expect(new Set(lines(rewrite(sdp), /^a=ice-(?:ufrag|pwd)/))).toEqual(
        new Set(['a=ice-ufrag:other', 'a=ice-pwd:othersOfTheSectionThatIsRejected']),
      );
    });

    test('is refused where those that are bundled differ, though their port is 0', () => {
      const bundled = rejected(sections[1]).replace('a=mid:', 'a=bundle-only\r\na=mid:');
      expect(() => parseSdp(head + sections[0] + bundled)).toThrow('max-bundle');
    });
  });

  test('has a direction, as the SFU passes over a section without one', () => {
    const sdp = plain.replace('a=sendonly\r\n', '');
    expect(lines(rewrite(sdp), /^a=(send|recv)/)).toEqual(['a=sendrecv']);
  });
});
