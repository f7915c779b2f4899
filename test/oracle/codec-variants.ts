import { all, inSection, ofSection, without } from './changes.js';
import type { Change, Changes } from './variants.js';

const inAudio = (pattern: RegExp | string, by: string): Change =>
  ofSection('audio', (section) => section.replace(pattern, by));
const inVideo = (pattern: RegExp | string, by: string): Change =>
  ofSection('video', (section) => section.replace(pattern, by));
const extension = (line: string): Change => inSection('video', `a=extmap:${line}`);

/** Codecs, their feedback, and header extensions. */
export const codecVariants: Changes = {
  'Opus in upper case': { offer: inAudio('opus/', 'OPUS/') },
  'VP8 in lower case': { offer: inVideo('VP8/', 'vp8/') },
  'Opus without channels': { offer: inAudio('opus/48000/2', 'opus/48000') },
  'Opus with one channel': { offer: inAudio('opus/48000/2', 'opus/48000/1') },
  'Opus without a=fmtp': { offer: inAudio(/^a=fmtp:111 .*\r\n/m, '') },
  'Opus with further parameters': {
    offer: inAudio(
      /^a=fmtp:111 .*$/m,
      'a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;maxaveragebitrate=128000',
    ),
  },
  'Opus second, after RED': { offer: inAudio('SAVPF 111 63', 'SAVPF 63 111') },
  'Opus alone': { offer: inAudio(/SAVPF 111 .*$/m, 'SAVPF 111') },
  'no Opus': { offer: inAudio('SAVPF 111 63', 'SAVPF') },
  'PCMU alone': { offer: inAudio(/SAVPF 111 .*$/m, 'SAVPF 0') },
  'VP8 alone': { offer: inVideo(/SAVPF 96 .*$/m, 'SAVPF 96') },
  'VP8 second': { offer: inVideo('SAVPF 96 97 102 103', 'SAVPF 102 103 96 97') },
  'no VP8': { offer: inVideo('SAVPF 96 97', 'SAVPF') },
  'no codec that the SFU knows': { offer: inVideo(/SAVPF 96 .*$/m, 'SAVPF 45') },
  'a payload type that nothing explains': { offer: inVideo('SAVPF 96', 'SAVPF 96 77') },
  'a payload type twice': { offer: inVideo('SAVPF 96', 'SAVPF 96 96') },
  'a payload type beyond 127': { offer: inVideo('SAVPF 96', 'SAVPF 96 200') },
  'a payload type that is a word': { offer: inVideo('SAVPF 96', 'SAVPF 96 x') },
  'no payload type': { offer: inVideo(/SAVPF 96 .*$/m, 'SAVPF') },
  'VP8 as payload type 35': {
    client: 'ion-sdk-js',
    offer: all(inVideo('SAVPF 96', 'SAVPF 35'), inVideo(/^(a=(?:rtpmap|rtcp-fb|fmtp):)96 /gm, '$135 ')),
  },
  'VP8 as payload type 127': {
    client: 'ion-sdk-js',
    offer: all(inVideo('SAVPF 96', 'SAVPF 127'), inVideo(/^(a=(?:rtpmap|rtcp-fb|fmtp):)96 /gm, '$1127 ')),
  },
  'VP8 as payload type 096': {
    client: 'ion-sdk-js',
    offer: all(inVideo('SAVPF 96', 'SAVPF 096'), inVideo(/^a=rtpmap:96 /m, 'a=rtpmap:096 ')),
  },
  'a clock rate of 8000': { client: 'ion-sdk-js', offer: inVideo('VP8/90000', 'VP8/8000') },
  'a clock rate of 0': { client: 'ion-sdk-js', offer: inVideo('VP8/90000', 'VP8/0') },
  'no clock rate': { client: 'ion-sdk-js', offer: inVideo('VP8/90000', 'VP8') },
  'no a=rtpmap': { client: 'ion-sdk-js', offer: inVideo(/^a=rtpmap:96 .*\r\n/m, '') },
  'a=rtpmap with doubled spaces': { client: 'ion-sdk-js', offer: inVideo('a=rtpmap:96 ', 'a=rtpmap:96  ') },
  'a=rtpmap with a space at its end': { client: 'ion-sdk-js', offer: inVideo('VP8/90000', 'VP8/90000 ') },
  'a=rtpmap twice': { client: 'ion-sdk-js', offer: inVideo(/^(a=rtpmap:96 .*\r\n)/m, '$1$1') },
  'two codecs of one payload type': {
    client: 'ion-sdk-js',
    offer: inVideo(/^(a=rtpmap:96 .*\r\n)/m, '$1a=rtpmap:96 x/1\r\n'),
  },
  'another codec of the payload type first': {
    client: 'ion-sdk-js',
    offer: inVideo(/^(a=rtpmap:96 .*\r\n)/m, 'a=rtpmap:96 x/1\r\n$1'),
  },
  'a=rtpmap of a payload type that is not offered': { offer: inSection('video', 'a=rtpmap:77 x/1') },
  'a=fmtp with spaces between its parameters': {
    offer: inAudio(/^a=fmtp:111 .*$/m, 'a=fmtp:111 minptime=10; useinbandfec=1'),
  },
  'a=fmtp with a semicolon at its end': {
    offer: inAudio(/^a=fmtp:111 .*$/m, 'a=fmtp:111 minptime=10;useinbandfec=1;'),
  },
  'a=fmtp of VP8': { offer: inSection('video', 'a=fmtp:96 max-fr=30;max-fs=3600') },
  'an apt that is a word': { offer: inVideo('apt=96', 'apt=x') },
  'an apt that nothing explains': { offer: inVideo('apt=96', 'apt=77') },
  'VP8 that stands for another codec': {
    client: 'ion-sdk-js',
    offer: inSection('video', 'a=fmtp:96 apt=102'),
  },
  'NACKs of audio': { offer: inSection('audio', 'a=rtcp-fb:111 nack') },
  'NACKs of all audio': { offer: inSection('audio', 'a=rtcp-fb:* nack') },
  'NACKs of audio with a parameter': { offer: inSection('audio', 'a=rtcp-fb:111 nack pli') },
  'feedback for all codecs': { offer: all(without('a=rtcp-fb'), inSection('video', 'a=rtcp-fb:* nack pli')) },
  'feedback that nobody knows': { offer: inSection('video', 'a=rtcp-fb:96 x-y z') },
  'feedback of nothing': { offer: inSection('video', 'a=rtcp-fb:96') },
  'no feedback': { offer: without('a=rtcp-fb') },

  'no header extensions': { offer: without('a=extmap') },
  'header extension 0': { offer: extension('0 urn:x') },
  'header extension 15': { offer: extension('15 urn:x:y') },
  'header extension 246': { offer: extension('246 urn:x:y') },
  'header extension 247': { offer: extension('247 urn:x:y') },
  'header extension 4096': { offer: extension('4096 urn:x:y') },
  'a header extension without a URI': { offer: extension('12') },
  'a header extension whose number is a word': { offer: extension('x urn:x:y') },
  'a header extension whose URI is malformed': { offer: extension('12 %zz') },
  'a header extension whose URI has a query': { offer: extension('12 http://host.invalid/x?y=z') },
  'a header extension with a direction': { offer: inVideo(/^a=extmap:14 /m, 'a=extmap:14/sendonly ') },
  'a header extension with a wrong direction': { offer: inVideo(/^a=extmap:14 /m, 'a=extmap:14/up ') },
  'a header extension with attributes': { offer: inVideo(/^(a=extmap:14 .*)$/m, '$1 x=y z') },
  'one number for two header extensions': { offer: extension('14 urn:x:y') },
  'a header extension with doubled spaces': { offer: inVideo(/^a=extmap:14 /m, 'a=extmap:14  ') },
  'two numbers for one header extension': { offer: extension('12 urn:ietf:params:rtp-hdrext:sdes:mid') },
  'encrypted header extensions': {
    offer: extension('12 urn:ietf:params:rtp-hdrext:encrypt urn:ietf:params:rtp-hdrext:toffset'),
  },
};
