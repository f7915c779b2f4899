import { all, inSection, inSession, ofSection, replace, without } from './changes.js';
import { fingerprintLine } from './graft.js';
import type { Change, Changes } from './variants.js';

/** Each section's fingerprint, replaced by those of these algorithms. */
const fingerprints =
  (...algorithms: string[]): Change =>
  (sdp, transport) =>
    sdp.replace(/^a=fingerprint:.*\r\n/gm, () =>
      algorithms.map((each) => `${fingerprintLine(each, transport)}\r\n`).join(''),
    );
/** Lines of sections, moved to the session part. */
const toSession =
  (start: string): Change =>
  (sdp, transport) => {
    const [line = ''] = new RegExp(`^${start}.*$`, 'm').exec(sdp) ?? [];
    return inSession(line.trim())(without(start)(sdp, transport), transport);
  };
const setup = (role: string): Change => replace(/a=setup:actpass/g, `a=setup:${role}`);
const LONG = 'x'.repeat(256);

/** ICE credentials, fingerprints, DTLS roles, multiplexing, and candidates in the description. */
export const transportVariants: Changes = {
  'an ICE user of 3 characters': { credentials: { ufrag: 'abc' } },
  'an ICE user of 256 characters': { credentials: { ufrag: LONG } },
  'an ICE user of 257 characters': { credentials: { ufrag: `${LONG}x` } },
  'an ICE user with other characters': { credentials: { ufrag: 'a_b-c=d.e~{}' } },
  'an ICE password of 16 characters': { credentials: { pwd: 'p'.repeat(16) } },
  'an ICE password of 256 characters': { credentials: { pwd: LONG } },
  'an ICE password with other characters': { credentials: { pwd: 'a_b-c=d.e~{}:;,abcdefgh' } },
  'a space after the ICE user': { offer: replace(/^(a=ice-ufrag:.*)\r$/gm, '$1 \r') },
  'an empty ICE user': { offer: replace(/^a=ice-ufrag:.*\r$/gm, 'a=ice-ufrag:\r') },
  'no ICE user': { offer: without('a=ice-ufrag') },
  'no ICE password': { offer: without('a=ice-pwd') },
  'ICE users that differ': { offer: replace(/^a=ice-ufrag:.*$/m, 'a=ice-ufrag:other') },
  'an ICE user in one section alone': {
    offer: ofSection('video', (section) => section.replace(/^a=ice-(?:ufrag|pwd):.*\r\n/gm, '')),
  },
  'ICE credentials of the session': { offer: all(toSession('a=ice-ufrag:'), toSession('a=ice-pwd:')) },
  'ICE credentials twice in a section': {
    offer: (sdp) => sdp.replace(/^(a=ice-(?:ufrag|pwd):.*\r\n)/gm, '$1$1'),
  },
  'no ICE options': { offer: without('a=ice-options') },
  'other ICE options': { offer: replace(/^a=ice-options:.*$/gm, 'a=ice-options:trickle renomination') },
  'ICE pacing': { offer: inSession('a=ice-pacing:50') },

  'fingerprints of three algorithms': { offer: fingerprints('sha-256', 'sha-384', 'sha-512') },
  'fingerprints of three algorithms, SHA-256 last': { offer: fingerprints('sha-512', 'sha-384', 'sha-256') },
  'a fingerprint of SHA-512': { offer: fingerprints('sha-512') },
  'a fingerprint of SHA-384': { offer: fingerprints('sha-384') },
  'a fingerprint of SHA-1': { offer: fingerprints('sha-1') },
  'an algorithm in upper case': { offer: replace(/a=fingerprint:sha-256/g, 'a=fingerprint:SHA-256') },
  'a fingerprint in lower case': {
    offer: (sdp) =>
      sdp.replace(
        /^(a=fingerprint:sha-256 )(\S+)/gm,
        (_, start: string, digest: string) => start + digest.toLowerCase(),
      ),
  },
  'a fingerprint in lower case in one section': {
    offer: ofSection('video', (section) =>
      section.replace(
        /^(a=fingerprint:sha-256 )(\S+)/m,
        (_, start: string, digest: string) => start + digest.toLowerCase(),
      ),
    ),
  },
  'fingerprints of another order in each section': {
    offer: (sdp, transport) =>
      ofSection('video', (section) => fingerprints('sha-512', 'sha-256')(section, transport))(
        fingerprints('sha-256', 'sha-512')(sdp, transport),
        transport,
      ),
  },
  'fingerprints of another algorithm in each section': {
    offer: (sdp, transport) =>
      ofSection('video', (section) => fingerprints('sha-512')(section, transport))(sdp, transport),
  },
  'a fingerprint of an unknown algorithm': {
    offer: replace(/a=fingerprint:sha-256/g, 'a=fingerprint:sha3-256'),
  },
  'a further fingerprint of an unknown algorithm': {
    offer: replace(
      /^(a=fingerprint:.*\r\n)/gm,
      '$1a=fingerprint:sha3-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F\r\n',
    ),
  },
  'a fingerprint without colons': {
    offer: (sdp) =>
      sdp.replace(
        /^(a=fingerprint:sha-256 )(\S+)/gm,
        (_, start: string, digest: string) => start + digest.replaceAll(':', ''),
      ),
  },
  'a fingerprint that is a word': { offer: replace(/^a=fingerprint:.*$/gm, 'a=fingerprint:sha-256 x') },
  'a fingerprint with doubled spaces': {
    offer: replace(/a=fingerprint:sha-256 /g, 'a=fingerprint:sha-256  '),
  },
  'a fingerprint of the session': { offer: toSession('a=fingerprint:') },
  'a fingerprint of the session, too': {
    offer: (sdp, transport) => inSession(fingerprintLine('sha-256', transport))(sdp, transport),
  },
  'no fingerprint': { offer: without('a=fingerprint') },

  'the DTLS role active': { offer: setup('active') },
  'the DTLS role passive': { offer: setup('passive') },
  'the DTLS role holdconn': { offer: setup('holdconn') },
  'a DTLS role that nobody knows': { offer: setup('x') },
  'no DTLS role': { offer: without('a=setup') },
  'the DTLS role of the session': { offer: toSession('a=setup:') },
  'a TLS id': { offer: inSession('a=tls-id:abc3de65cddef001be82') },
  'an identity': { offer: inSession('a=identity:eyJpZHAiOnt9fQ==') },

  'no a=rtcp-mux': { offer: without('a=rtcp-mux') },
  'a=rtcp-mux-only': { offer: inSection('video', 'a=rtcp-mux-only') },
  'no a=rtcp': { offer: without('a=rtcp:') },
  'a=rtcp of another port': { offer: inSection('video', 'a=rtcp:53020 IN IP4 126.16.64.4') },
  'no a=rtcp-rsize': { offer: without('a=rtcp-rsize') },
  'bundle-only on port 9': { offer: inSection('video', 'a=bundle-only') },
  'extmap-allow-mixed in a section': { offer: inSection('video', 'a=extmap-allow-mixed') },
  'attributes that nobody knows': { offer: inSection('video', 'a=x', 'a=y:', 'a=z:1:2:3', 'a=') },
  'a frame rate and sizes': {
    offer: inSection(
      'video',
      'a=framerate:15',
      'a=imageattr:96 send [x=640,y=480] recv *',
      'a=ptime:20',
      'a=maxptime:60',
    ),
  },
  'a content and a label': { offer: inSection('video', 'a=content:slides', 'a=label:1') },
  'SRTP keys': {
    offer: inSection(
      'video',
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz',
    ),
  },

  'a candidate': { offer: inSection('audio', 'a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host') },
  'a candidate and the end of candidates': {
    offer: inSection('audio', 'a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host', 'a=end-of-candidates'),
  },
  'a candidate with a tab': {
    offer: inSection('audio', 'a=candidate:1 1 udp 2130706431\t127.0.0.1 9 typ host'),
  },
  'a candidate of the session': { offer: inSession('a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host') },
  'a candidate with a host name': {
    offer: inSection('audio', 'a=candidate:1 1 udp 2130706431 host.invalid 9 typ host'),
  },
  'a candidate over SSLTCP': {
    offer: inSection('audio', 'a=candidate:1 1 ssltcp 2130706431 127.0.0.1 9 typ host'),
  },
  'a candidate that is cut': { offer: inSection('audio', 'a=candidate:1 1 udp') },
};
