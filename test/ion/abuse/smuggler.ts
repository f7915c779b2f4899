import { randomUUID } from 'node:crypto';
import { MediaStreamTrack, type RTCPeerConnection } from 'werift';
import type { WireClient } from '../../contract/wire-client.js';
import { ofFirstSection, peerConnection, sendVideo } from '../../fuzz/bystander.js';
import { joinParams } from './stand.js';

/**
 * A viewer that shows the relay a data channel alone, and sends video over the transport which that sets up: its
 * peer connection has a section of video that its offer does not have, and gets an answer to it that nobody gave.
 */
export class Smuggler {
  readonly #pc: RTCPeerConnection = peerConnection();
  readonly #track = new MediaStreamTrack({ kind: 'video', id: randomUUID() });
  #stopVideo = () => {};

  /** Resolves when it is connected and sends. */
  async join(client: WireClient): Promise<void> {
    this.#pc.createDataChannel('ion-sfu');
    this.#pc.addTransceiver(this.#track, { direction: 'sendonly' });
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    const [head = '', ...sections] = sectionsOf(this.#pc.localDescription?.sdp ?? '');
    const shown = sections.filter((section) => section.startsWith('m=application'));
    const sdp = bundleOf(head, shown);
    const offer = { type: 'offer', sdp };
    const { result } = await client.request('join', joinParams({ role: 'subscriber', offer }));
    const [answerHead = '', answered = ''] = sectionsOf(String(result?.sdp));
    const answers = sections.map((section) =>
      section.startsWith('m=application') ? answered : forgedAnswer(section, answered, answerHead),
    );
    const connected = this.#pc.connectionStateChange.watch((state) => state === 'connected');
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: bundleOf(answerHead, answers) });
    const { candidate } = await client.notified('trickle');
    await this.#pc.addIceCandidate(ofFirstSection(candidate as { candidate: string }));
    await connected;
    this.#stopVideo = sendVideo(this.#track);
  }

  async close(): Promise<void> {
    this.#stopVideo();
    await this.#pc.close();
  }
}

function sectionsOf(sdp: string): string[] {
  return sdp.split(/(?=^m=)/m);
}

function bundleOf(head: string, sections: readonly string[]): string {
  const mids = sections.map((section) => /^a=mid:(\S+)/m.exec(section)?.[1]).join(' ');
  return head.replace(/^a=group:BUNDLE.*$/m, `a=group:BUNDLE ${mids}`) + sections.join('');
}

function forgedAnswer(section: string, answered: string, head: string): string {
  const transport = /^a=(?:ice-ufrag|ice-pwd|setup|fingerprint):.*\r\n/gm;
  return [
    section.split('\r\n', 1)[0],
    'c=IN IP4 0.0.0.0',
    ...[...(answered + head).matchAll(transport)].map(([line]) => line.trimEnd()),
    /^a=mid:.*/m.exec(section)?.[0],
    'a=rtcp-mux',
    /^a=rtpmap:.*/m.exec(section)?.[0],
    'a=recvonly',
    '',
  ].join('\r\n');
}
