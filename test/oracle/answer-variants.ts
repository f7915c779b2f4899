import { without } from './changes.js';
import { fingerprintLine } from './graft.js';
import type { Change, Changes } from './variants.js';

/** The SFU's first offer may have the data channel alone, and the answer to it has none of the rest. */
function replace(pattern: RegExp | string, by: string): Change {
  return (sdp) => sdp.replace(pattern, by);
}

/** What a viewer's answer may be like. It is that of pion. */
export const answerVariants: Changes = {
  'an answer whose lines end with LF': { answer: replace(/\r\n/g, '\n') },
  'an answer with empty lines': { answer: replace('t=0 0\r\n', 't=0 0\r\n\r\n') },
  'an answer without the end of its last line': { answer: (sdp) => sdp.trimEnd() },
  'an answer with a title and an address': { answer: replace('s=-\r\n', 's=-\r\ni=x\r\ne=x\r\n') },
  'an answer with a bandwidth by TIAS': { answer: replace(/^(c=.*\r\n)/gm, '$1b=TIAS:2000000\r\n') },
  'an answer with a key': { answer: replace(/^(c=.*\r\n)/gm, '$1k=clear:x\r\n') },
  'an answer without a group': { answer: without('a=group') },
  'an answer without header extensions': { answer: without('a=extmap') },
  'an answer with a header extension 0': { answer: replace(/^a=mid:/gm, 'a=extmap:0 urn:x\r\na=mid:') },
  'an answer without feedback': { answer: without('a=rtcp-fb') },
  'an answer with NACKs of audio': {
    answer: replace(/^(a=rtpmap:(\d+) opus.*\r\n)/m, '$1a=rtcp-fb:$2 nack\r\n'),
  },
  'an answer with doubled spaces in m=': { answer: replace(/^m=(\w+) /gm, 'm=$1  ') },
  'an answer with the DTLS role of nobody': { answer: replace(/a=setup:active/g, 'a=setup:x') },
  'an answer whose sections have no direction': { answer: (sdp) => sdp.replace(/^a=recvonly\r\n/gm, '') },
  'an answer with a candidate of the session': {
    answer: replace('t=0 0\r\n', 't=0 0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n'),
  },
  'an answer with a malformed candidate': { answer: replace(/^a=mid:/m, 'a=candidate:1 1 udp\r\na=mid:') },
  'an answer with a mid twice': { answer: replace(/^(a=mid:.*\r\n)/gm, '$1$1') },
  'an answer without mids': { answer: without('a=mid') },
  'an answer without its last section': { answer: (sdp) => sdp.slice(0, sdp.lastIndexOf('m=')) },
  'an answer without a fingerprint': { answer: without('a=fingerprint') },
  'an answer without ICE credentials': { answer: without('a=ice-') },
  'an answer with an unknown codec': { answer: replace(/^(m=video .*)\r$/m, '$1 77\r') },
  'an answer with a fingerprint of an unknown algorithm, too': {
    answer: (sdp, transport) =>
      sdp.replace(
        /^(a=fingerprint:.*\r\n)/gm,
        `$1${fingerprintLine('sha-1', transport).replace('sha-1', 'sha3-256')}\r\n`,
      ),
  },
};
