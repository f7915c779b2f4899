import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkOffer, type OfferPolicy, parseSdp } from '../../src/sdp.js';
import { rewriteSdp } from '../../src/sdp-rewrite.js';
import { fakeOffer } from '../../src/testing/index.js';

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
      new URL('../fuzz/fixtures/offer-simulcast.sdp', import.meta.url),
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
      new URL('../fuzz/fixtures/offer-audio-video.sdp', import.meta.url),
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
