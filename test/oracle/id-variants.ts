import { all, inSection, inSession, ofSection, replace, without } from './changes.js';
import type { Change, Changes } from './variants.js';

/** Another mid of the video, also in the group. */
const mid = (text: string): Change =>
  all(replace('a=mid:1\r\n', `a=mid:${text}\r\n`), replace('BUNDLE 0 1', `BUNDLE 0 ${text}`));
const noMsid = without('a=msid:');
const noSourceMsid: Change = (sdp) => sdp.replace(/^a=ssrc:\d+ msid:.*\r\n/gm, '');
const bothMsids = (by: string): Change =>
  ofSection('video', (section) => section.replace(/msid:.*/g, `msid:${by}`));
const oneMsid = (by: string): Change =>
  all(
    noSourceMsid,
    ofSection('video', (section) => section.replace(/^a=msid:.*/m, `a=msid:${by}`)),
  );
const direction = (...lines: string[]): Change =>
  ofSection('video', (section) =>
    section.replace('a=sendonly\r\n', lines.map((line) => `a=${line}\r\n`).join('')),
  );

/** `a=mid`, `a=msid`, `a=ssrc`, and directions. */
export const idVariants: Changes = {
  'a mid that is a word': { offer: mid('camera') },
  'a mid with a number, as of webrtcbin': { offer: mid('video1') },
  'the mid "video"': { offer: mid('video') },
  'the mid "Data"': { offer: mid('Data') },
  'a mid of 33 characters': { offer: mid('m'.repeat(33)) },
  'a mid of 64 characters': { offer: mid('m'.repeat(64)) },
  'a mid of 129 characters': { offer: mid('m'.repeat(129)) },
  'a mid with all characters of a token': { offer: mid("!#%'*+.^_`{|}~-") },
  'a mid with a slash': { offer: mid('a/b') },
  'a mid with a colon': { offer: mid('a:b') },
  'a mid with a space': { offer: mid('a b') },
  'a mid beyond ASCII': { offer: mid('ä') },
  'a space before the mid': { offer: replace('a=mid:1\r\n', 'a=mid: 1\r\n') },
  'a space after the mid': { offer: replace('a=mid:1\r\n', 'a=mid:1 \r\n') },
  'an empty mid': { offer: replace('a=mid:1\r\n', 'a=mid:\r\n') },
  'no mid': { offer: without('a=mid:') },
  'a mid twice in its section': { offer: replace('a=mid:1\r\n', 'a=mid:1\r\na=mid:1\r\n') },
  'two mids in a section': { offer: replace('a=mid:1\r\n', 'a=mid:1\r\na=mid:9\r\n') },
  'one mid for two sections': { offer: replace('a=mid:1\r\n', 'a=mid:0\r\n') },
  'a mid of the session': { offer: inSession('a=mid:7') },
  'mids that do not begin with 0': {
    offer: all(
      replace('a=mid:0', 'a=mid:10'),
      replace('a=mid:1\r\n', 'a=mid:11\r\n'),
      replace('a=mid:2', 'a=mid:12'),
    ),
  },

  'msid in a=ssrc alone': { offer: noMsid },
  'msid in a=msid alone': { offer: noSourceMsid },
  'no msid': { offer: all(noMsid, noSourceMsid) },
  'an msid of a stream alone': { offer: oneMsid('camera') },
  'an msid of "-"': { offer: oneMsid('-') },
  'an msid of no stream': { offer: oneMsid('- camera') },
  'an msid of three words': { offer: oneMsid('a b c') },
  'an empty msid': { offer: oneMsid('') },
  'an msid with doubled spaces': { offer: oneMsid('stream  camera') },
  'a space after the msid': { offer: oneMsid('stream camera ') },
  'an msid with a tab': { offer: oneMsid('stream\tcamera') },
  'an msid of 128 characters': { offer: bothMsids(`stream ${'t'.repeat(128)}`) },
  'an msid of 129 characters': { offer: bothMsids(`stream ${'t'.repeat(129)}`) },
  'an msid with odd characters': { offer: bothMsids('{a;b=c} "><b>💥') },
  'two msids, of two streams': { offer: inSection('video', 'a=msid:other camera') },
  'an msid in a=ssrc that is not that of a=msid': {
    offer: ofSection('video', (section) => section.replace(/^(a=ssrc:\d+ msid:).*/gm, '$1other camera')),
  },
  'an msid after the sources': {
    offer: all(
      noSourceMsid,
      ofSection('video', (section) => {
        const [line = ''] = /^a=msid:.*\r\n/m.exec(section) ?? [];
        return section.replace(line, '') + line;
      }),
    ),
  },
  'one track id for two tracks of two streams': {
    offer: all(
      ofSection('audio', (section) => section.replace(/msid:.*/g, 'msid:one same')),
      ofSection('video', (section) => section.replace(/msid:.*/g, 'msid:two same')),
    ),
  },
  'one msid for two tracks': { offer: replace(/msid:\S+ \S+/g, 'msid:one same') },

  'no sources': { offer: without('a=ssrc') },
  'a source by its msid alone': { offer: (sdp) => sdp.replace(/^a=ssrc:\d+ cname:.*\r\n/gm, '') },
  'a source by its number alone': {
    offer: (sdp) => noSourceMsid(sdp.replace(/^(a=ssrc:\d+) cname:.*/gm, '$1'), NO_TRANSPORT),
  },
  'a source with mslabel and label': {
    offer: replace(/^(a=ssrc:\d+) cname:.*\r\n/gm, '$&$1 mslabel:stream\r\n$1 label:camera\r\n'),
  },
  'a source that is a word': { offer: inSection('video', 'a=ssrc:x cname:y') },
  'a source beyond 32 bits': { offer: inSection('video', 'a=ssrc:4294967296 cname:y') },
  'a group of sources after them': {
    offer: ofSection('video', (section) => {
      const [line = ''] = /^a=ssrc-group:.*\r\n/m.exec(section) ?? [];
      return section.replace(line, '') + line;
    }),
  },
  'no group of sources': { offer: without('a=ssrc-group') },
  'a group of one source': { offer: replace(/^(a=ssrc-group:FID \d+) \d+/m, '$1') },
  'a group of words': { offer: replace(/^a=ssrc-group:FID .*$/m, 'a=ssrc-group:FID x y') },

  sendrecv: { offer: direction('sendrecv') },
  recvonly: { offer: direction('recvonly') },
  inactive: { offer: direction('inactive') },
  'no direction': { offer: direction() },
  'the direction of the session alone': { offer: all(direction(), inSession('a=sendonly')) },
  'a direction of the session, too': { offer: inSession('a=sendrecv') },
  'the direction twice': { offer: direction('sendonly', 'sendonly') },
  'two directions': { offer: direction('sendonly', 'sendrecv') },
  'a direction in upper case': { offer: direction('SENDONLY') },
  'a space after the direction': { offer: direction('sendonly ') },
  'a value of the direction': { offer: direction('sendonly:x') },

  'simulcast without a=simulcast': { client: 'Chromium, simulcast', offer: without('a=simulcast') },
  'layers of other names': {
    client: 'Chromium, simulcast',
    offer: all(
      replace(/^a=rid:f /m, 'a=rid:high '),
      replace(/^a=rid:h /m, 'a=rid:mid '),
      replace(/^a=rid:q /m, 'a=rid:low '),
      replace(/^a=simulcast:send .*$/m, 'a=simulcast:send high;mid;low'),
    ),
  },
  'a layer with a restriction': {
    client: 'Chromium, simulcast',
    offer: replace(/^(a=rid:f send)/m, '$1 max-width=1280'),
  },
  'a layer with other characters': {
    client: 'Chromium, simulcast',
    offer: replace(/^a=rid:f /m, 'a=rid:f! '),
  },
  'five layers': { client: 'Chromium, simulcast', offer: inSection('video', 'a=rid:x send', 'a=rid:y send') },
  'nine layers': {
    client: 'Chromium, simulcast',
    offer: inSection('video', ...'abcdeg'.split('').map((rid) => `a=rid:${rid} send`)),
  },
  'a layer without a direction': { client: 'Chromium, simulcast', offer: inSection('video', 'a=rid:x') },
};

const NO_TRANSPORT = { ufrag: '', pwd: '', fingerprints: {} };
