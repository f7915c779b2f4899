import { randomUUID } from 'node:crypto';
import { MediaStream, MediaStreamTrack } from 'werift';
import type { IonPeer } from './ion-peer.js';
import { peerConnection, sendVideo } from './werift.js';

/** A peer connection without a browser that sends one VP8 track: just enough RTP for an SFU to notice it. */
export class MediaPublisher {
  readonly stream = new MediaStream({ id: randomUUID() });
  readonly track = new MediaStreamTrack({ kind: 'video', id: randomUUID() });
  readonly #pc = peerConnection();
  #stopVideo = () => {};

  constructor() {
    this.stream.addTrack(this.track);
    this.#pc.addTransceiver(this.track, { direction: 'sendonly', streams: [this.stream] });
    // Data channel `ion-sfu`, as Ion's clients offer it.
    this.#pc.createDataChannel('ion-sfu');
  }

  /** Joins the room over `peer`, connects and sends until it is closed. */
  async publish(peer: IonPeer, room: string, user: string): Promise<void> {
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    await peer.probe();
    peer.join(room, user, this.#pc.localDescription?.sdp ?? '');
    const { description } = await peer.take('join');
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: description?.sdp ?? '' });
    this.#stopVideo = sendVideo(this.track);
  }

  async close(): Promise<void> {
    this.#stopVideo();
    await this.#pc.close();
  }
}
