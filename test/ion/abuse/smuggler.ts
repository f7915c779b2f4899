import { randomUUID } from 'node:crypto';
import { MediaStream, MediaStreamTrack, type RTCPeerConnection } from 'werift';
import { ofFirstSection, peerConnection, sendVideo } from '../../support/werift.js';

/** Brings an offer to the SFU, and its answer and its first candidate back. */
export type Signal = (offer: string) => Promise<{ answer: string; candidate: string }>;

/** A section alone that receives sound: what the client library's viewers show. */
export const asReceiver = (section: string) =>
  section
    .replace(/^m=video (\S+) (\S+) .*/, 'm=audio $1 $2 111')
    .replace(/^a=(?:fmtp|rtcp-fb|extmap|msid|ssrc|ssrc-group|rid|simulcast):.*\r\n/gm, '')
    .replace(/^a=rtpmap:.*/m, 'a=rtpmap:111 opus/48000/2')
    .replace(/^a=(?:sendonly|sendrecv)$/m, 'a=recvonly');

/** A data channel alone: what ion-sdk-js shows. */
export const asDataChannel = (section: string) => (section.startsWith('m=application') ? section : undefined);

/** A section of sound, in a codec that Ion does not know. */
export const asUnknownSound = (section: string) =>
  section.startsWith('m=application')
    ? section
    : section
        .replace(/^m=video (\S+) (\S+) .*/, 'm=audio $1 $2 0')
        .replace(/^a=(?:fmtp|rtcp-fb|extmap):.*\r\n/gm, '')
        .replace(/^a=rtpmap:.*/m, 'a=rtpmap:0 PCMU/8000');

/**
 * Sends video that its description does not have, over the transport that the description sets up. Its peer
 * connection has a section of video; the SFU is shown another one or none, and the answer to it is forged.
 */
export class Smuggler {
  readonly #pc: RTCPeerConnection = peerConnection();
  readonly #dataChannel: boolean;
  #stopVideo = () => {};

  constructor({ dataChannel = true } = {}) {
    this.#dataChannel = dataChannel;
  }

  /** What it would say if it were honest. */
  get offer(): string {
    return this.#pc.localDescription?.sdp ?? '';
  }

  /** Resolves when it is connected and sends. */
  async connect(disguise: (section: string) => string | undefined, signal: Signal): Promise<void> {
    const track = new MediaStreamTrack({ kind: 'video', id: randomUUID() });
    this.#pc.addTransceiver(track, { direction: 'sendonly', streams: [new MediaStream()] });
    if (this.#dataChannel) this.#pc.createDataChannel('ion-sfu');
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    const [head = '', ...sections] = sectionsOf(this.#pc.localDescription?.sdp ?? '');
    const shown = sections.flatMap((section) => disguise(section) ?? []);
    const { answer, candidate } = await signal(describe(head, shown));
    const connected = this.#pc.connectionStateChange.watch((state) => state === 'connected');
    const answers = sections.map((section) => answerTo(section, answer));
    const sdp = describe(sectionsOf(answer)[0] ?? '', answers);
    await this.#pc.setRemoteDescription({ type: 'answer', sdp });
    await this.#pc.addIceCandidate(ofFirstSection({ candidate }));
    await connected;
    this.#stopVideo = sendVideo(track);
  }

  async close(): Promise<void> {
    this.#stopVideo();
    await this.#pc.close();
  }
}

function sectionsOf(sdp: string): string[] {
  return sdp.split(/(?=^m=)/m);
}

function describe(head: string, sections: readonly string[]): string {
  const mids = sections.map((section) => /^a=mid:(\S+)/m.exec(section)?.[1]).join(' ');
  return head.replace(/^a=group:BUNDLE.*$/m, `a=group:BUNDLE ${mids}`) + sections.join('');
}

/**
 * The SFU's answer to a data channel; to a section of video what it would be, with the SFU's transport.
 */
function answerTo(section: string, answer: string): string {
  const answered = sectionsOf(answer).slice(1);
  const dataChannel = answered.find((each) => each.startsWith('m=application'));
  if (section.startsWith('m=application')) return dataChannel ?? '';
  const transport = [
    ...answer.matchAll(/^a=fingerprint:.*/gm),
    ...(dataChannel ?? answered[0] ?? '').matchAll(/^a=(?:ice-|setup:).*/gm),
  ];
  const kept = [...section.matchAll(/^(?:m=|c=|a=mid:|a=rtcp-mux|a=rtpmap:).*/gm)];
  return `${[...kept, ...transport].map(([line]) => line.trimEnd()).join('\r\n')}\r\na=recvonly\r\n`;
}
