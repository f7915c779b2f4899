import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fillRejectedSections } from '../../../src/guard/rejected-sections.js';
import { anonymous, SfuRelay } from '../../../src/index.js';
import {
  fakeAnswer,
  fakeOffer,
  type ScriptedSfu,
  startScriptedSfu,
  subscriberOffer,
} from '../../../src/testing/index.js';

import { until } from '../../support/poll.js';

const lines = (...text: string[]) => `${text.join('\r\n')}\r\n`;
const FINGERPRINT = `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`;
const TRANSPORT = ['a=ice-ufrag:XOsg', 'a=ice-pwd:paJcBbKNcMDHBOpSXnDBxlHKgQFzhWGi'];
const SESSION = ['v=0', 'o=- 7 1 IN IP4 0.0.0.0', 's=-', 't=0 0'];
const CODEC = [
  'a=rtpmap:125 H264/90000',
  'a=fmtp:125 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  'a=rtcp-fb:125 nack pli',
  'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
];
const DATA = ['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:2', ...TRANSPORT];
/** As Ion's. */
const OFFER = lines(
  ...SESSION,
  FINGERPRINT,
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  ...TRANSPORT,
  'a=rtpmap:111 opus/48000/2',
  'a=msid:home mic',
  'a=sendonly',
  'm=video 9 UDP/TLS/RTP/SAVPF 125',
  'c=IN IP4 0.0.0.0',
  'a=setup:actpass',
  'a=mid:1',
  ...TRANSPORT,
  ...CODEC,
  'a=ssrc:7 cname:home',
  'a=msid:home cam',
  'a=sendonly',
  ...DATA,
);
const answerWith = (...video: string[]) =>
  lines(
    ...SESSION,
    FINGERPRINT,
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:0',
    'a=ice-ufrag:Tv+A',
    'a=ice-pwd:mQfijpakbfZttmXUY1wGtkCL',
    'a=rtpmap:111 opus/48000/2',
    'a=recvonly',
    ...video,
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=mid:2',
    'a=ice-ufrag:Tv+A',
    'a=ice-pwd:mQfijpakbfZttmXUY1wGtkCL',
  );
const FILLED = answerWith(
  'm=video 0 UDP/TLS/RTP/SAVPF 125',
  'c=IN IP4 0.0.0.0',
  'a=mid:1',
  'a=inactive',
  ...CODEC,
);

const REJECTIONS: [string, string[]][] = [
  [
    'Chromium: no codec, and other ICE credentials',
    [
      'm=video 0 UDP/TLS/RTP/SAVPF 0',
      'c=IN IP4 0.0.0.0',
      'a=ice-ufrag:khDr',
      'a=ice-pwd:6m6dZmIxoZiHJemV+oaR5YiI',
      FINGERPRINT,
      'a=setup:active',
      'a=mid:1',
      'a=recvonly',
    ],
  ],
  [
    'Firefox: another codec',
    [
      'm=video 0 UDP/TLS/RTP/SAVPF 120',
      'c=IN IP4 0.0.0.0',
      'a=inactive',
      'a=mid:1',
      'a=rtpmap:120 VP8/90000',
    ],
  ],
  ['a client that says no direction', ['m=video 0 UDP/TLS/RTP/SAVPF 0', 'a=mid:1']],
  [
    'a client that stops a section that it could play',
    ['m=video 0 UDP/TLS/RTP/SAVPF 125', 'a=mid:1', ...TRANSPORT, ...CODEC, 'a=sendrecv'],
  ],
];

describe('a section that an answer rejects', () => {
  test.each(REJECTIONS)('has the codecs of the offer and says nothing more, by %s', (_, video) => {
    expect(fillRejectedSections(answerWith(...video), OFFER)).toEqual({ sdp: FILLED, rejected: ['cam'] });
  });

  test('is no track once the SFU does not send it any more', () => {
    const offer = OFFER.replace('a=msid:home cam\r\na=sendonly\r\nm=app', 'a=inactive\r\nm=app');
    const { rejected } = fillRejectedSections(answerWith(...(REJECTIONS[0]?.[1] ?? [])), offer);
    expect(rejected).toEqual([]);
  });

  test('is left alone where the offer has another kind in its place, and so is an answer that rejects nothing', () => {
    const other = answerWith('m=audio 0 UDP/TLS/RTP/SAVPF 0', 'a=mid:1');
    expect(fillRejectedSections(other, OFFER)).toEqual({ sdp: other, rejected: [] });
    const all = answerWith('m=video 9 UDP/TLS/RTP/SAVPF 125', 'a=mid:1', ...CODEC, 'a=recvonly');
    expect(fillRejectedSections(all, OFFER)).toEqual({ sdp: all, rejected: [] });
    for (const nonsense of [undefined, 7, '', 'm=video 0 '])
      expect(fillRejectedSections(nonsense as string, OFFER).rejected).toEqual([]);
  });
});

describe('a session whose client rejects a section', () => {
  let sfu: ScriptedSfu;
  let relay: SfuRelay;

  beforeEach(async () => {
    sfu = await startScriptedSfu();
    relay = new SfuRelay({
      sfu: { serverUrl: sfu.address },
      authenticate: anonymous(),
      videoCodec: 'H264',
    });
  });
  afterEach(async () => {
    await relay.close();
    await sfu.stop();
  });

  test.each(REJECTIONS)('goes on, and is sent no more of the track: %s', async (_, video) => {
    const session = await relay.createSession({
      roomId: 'r',
      userId: 'u',
      sessionId: 's1',
      sdp: fakeOffer(),
    });
    const offers: string[] = [];
    session.on('offer', ({ sdp }) => {
      offers.push(sdp);
      if (sdp !== OFFER) void session.answerOffer({ type: 'answer', sdp: fakeAnswer(sdp) });
    });
    const stream = await sfu.waitFor(() => sfu.stream('r/u/s1'));
    await sfu.waitFor(() => stream.requests('description').length === 1);
    stream.send(subscriberOffer(OFFER));
    await until('the offer is heard', () => offers.includes(OFFER));
    await session.answerOffer({ type: 'answer', sdp: answerWith(...video) });
    await sfu.waitFor(() => stream.requests('subscription').length > 0);
    expect(stream.requests('description').at(-1)?.sdp).toBe(FILLED);
    expect(stream.requests('subscription')[0]?.subscriptions).toMatchObject([
      { trackId: 'cam', subscribe: false },
    ]);
    expect(session.state).toBe('joined');
  });
});
