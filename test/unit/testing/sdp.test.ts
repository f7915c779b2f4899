import { describe, expect, it } from 'vitest';
import {
  answerForBrowser,
  offeredTracks,
  offerForBrowser,
  offerForWerift,
} from '../../../src/testing/dev-sfu/sdp.js';
import { fakeAnswer, fakeOffer, tracksOf } from '../../../src/testing/index.js';

const camera = { kind: 'video', streamId: 's', trackId: 'v', layers: ['f', 'h', 'q'] } as const;
const microphone = { kind: 'audio', streamId: 's', trackId: 'a' } as const;
const RID = 'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';

describe('what an offer sends', () => {
  it('is one track a simulcast layer to Ion', () => {
    expect(tracksOf(fakeOffer([microphone, camera]))).toMatchObject([
      { id: 'a', kind: 'audio', streamId: 's', layer: '' },
      { id: 'v', kind: 'video', streamId: 's', layer: 'f' },
      { id: 'v', layer: 'h' },
      { id: 'v', layer: 'q' },
    ]);
  });

  it('is one track a section, with its mid and SSRCs, to the development SFU', () => {
    expect(offeredTracks(fakeOffer([microphone, camera]))).toEqual([
      { kind: 'audio', streamId: 's', trackId: 'a', mid: '0', ssrcs: [1000] },
      { kind: 'video', streamId: 's', trackId: 'v', mid: '1', ssrcs: [] },
    ]);
  });

  it.each(['recvonly', 'inactive'] as const)('leaves out sections that are %s', (direction) => {
    const offer = fakeOffer([{ ...microphone, direction }]);
    expect(tracksOf(offer)).toEqual([]);
    expect(offeredTracks(offer)).toEqual([]);
  });

  it('leaves out sections that are ended, but not those that are bundle-only', () => {
    const ended = fakeOffer([microphone]).replace('m=audio 9', 'm=audio 0');
    expect(offeredTracks(ended)).toEqual([]);
    expect(tracksOf(ended)).toEqual([]);
    const bundleOnly = ended.replace('a=mid:0', 'a=bundle-only\r\na=mid:0');
    expect(offeredTracks(bundleOnly)).toMatchObject([{ trackId: 'a' }]);
    expect(tracksOf(bundleOnly)).toMatchObject([{ id: 'a' }]);
  });
});

describe('between a browser and werift', () => {
  it('simulcast and inactive sections are not shown to werift', () => {
    const seen = offerForWerift(fakeOffer([camera, { ...microphone, direction: 'inactive' }]));
    expect(seen).not.toMatch(/simulcast|a=rid|inactive/);
    expect(seen.match(/^m=\w+/gm)).toEqual(['m=video', 'm=audio', 'm=application']);
  });

  it('a section that Firefox has ended does not look like an ICE restart', () => {
    const ended = 'm=video 0 UDP/TLS/RTP/SAVPF 0\r\na=inactive\r\na=mid:x\r\n';
    const seen = offerForWerift(fakeOffer([microphone], { dataChannel: false }) + ended);
    const [, first = '', last = ''] = seen.split(/^(?=m=)/m);
    const credentials = (section: string) => section.match(/^a=ice-(?:ufrag|pwd):.+$/gm);
    expect(credentials(last)).toEqual(credentials(first));
    expect(credentials(last)).toHaveLength(2);
  });

  it('inactive sections of an offer stay open', () => {
    expect(offerForBrowser('m=video 0 UDP\r\na=inactive\r\n')).toBe('m=video 9 UDP\r\na=inactive\r\n');
  });

  it('an answer keeps the sections that the browser has ended, and its bundle', () => {
    const offer = fakeOffer([camera, microphone])
      .replace('m=video 9', 'm=video 0')
      .replace('BUNDLE 0 1 2', 'BUNDLE 1 2');
    const answer = answerForBrowser(fakeAnswer(offer).replace('BUNDLE 1 2', 'BUNDLE 0 1 2'), offer);
    expect(answer.match(/^m=\w+ \d+/gm)).toEqual(['m=video 0', 'm=audio 9', 'm=application 9']);
    expect(answer).toContain('a=group:BUNDLE 1 2\r\n');
  });

  it('an answer has a port for sections that the browser offers as bundle-only', () => {
    const offer = fakeOffer([camera])
      .replace('m=video 9', 'm=video 0')
      .replace('a=mid:0', 'a=bundle-only\r\na=mid:0');
    expect(answerForBrowser(fakeAnswer(offer), offer)).toMatch(/^m=video 9 /m);
  });

  it('an answer has the RID extension where simulcast was offered, and there alone', () => {
    const offer = fakeOffer([camera, microphone]).replaceAll('a=rtcp-mux', `a=rtcp-mux\r\n${RID}`);
    const [, video, audio] = answerForBrowser(fakeAnswer(offer), offer).split(/^m=/m);
    expect(video).toContain(RID);
    expect(audio).not.toContain(RID);
  });
});
