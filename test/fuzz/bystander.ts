import { randomUUID } from 'node:crypto';
import { MediaStream, MediaStreamTrack } from 'werift';
import type { Session, SfuRelay } from '../../src/index.js';
import { ofFirstSection, peerConnection, sendVideo } from '../support/werift.js';

/** Somebody who behaves, and whom nothing that others do may disturb: a publisher without a browser. */
export class Bystander {
  readonly stream = new MediaStream({ id: randomUUID() });
  readonly track = new MediaStreamTrack({ kind: 'video', id: randomUUID() });
  /** Why its session has ended. */
  ended: string | undefined;
  readonly #publisher = peerConnection();
  readonly #subscriber = peerConnection();
  #session: Session | undefined;
  #stopVideo = () => {};

  /** @param msid what it calls its stream and its track, in the place of werift's random ids. */
  static async join(relay: SfuRelay, roomId: string, userId: string, msid?: string): Promise<Bystander> {
    const bystander = new Bystander();
    await bystander.#join(relay, roomId, userId, msid);
    return bystander;
  }

  get session(): Session {
    if (!this.#session) throw new Error('the bystander has not joined');
    return this.#session;
  }

  /** The id of its track, as the room knows it. */
  get trackId(): string {
    return this.session.tracks[0]?.trackId ?? '';
  }

  /** Offers once more what it publishes, and takes the SFU's answer. */
  async renegotiate(): Promise<void> {
    await this.#publisher.setLocalDescription(await this.#publisher.createOffer());
    const sdp = this.#publisher.localDescription?.sdp ?? '';
    const answer = await this.session.offer({ type: 'offer', sdp });
    await this.#publisher.setRemoteDescription(answer);
  }

  async leave(): Promise<void> {
    this.#stopVideo();
    await this.#session?.close();
    await Promise.all([this.#publisher.close(), this.#subscriber.close()]);
  }

  async #join(relay: SfuRelay, roomId: string, userId: string, msid?: string): Promise<void> {
    this.stream.addTrack(this.track);
    this.#publisher.addTransceiver(this.track, { direction: 'sendonly', streams: [this.stream] });
    this.#publisher.createDataChannel('ion-sfu');
    await this.#publisher.setLocalDescription(await this.#publisher.createOffer());
    const offered = this.#publisher.localDescription?.sdp ?? '';
    const sdp = offered.replace(/msid:\S+ \S+/g, (own) => (msid === undefined ? own : `msid:${msid}`));
    const session = await relay.createSession({ roomId, userId, sdp });
    this.#session = session;
    session.on('close', ({ by, error }) => {
      this.ended = `${by}: ${error?.message ?? 'no error'}`;
    });
    await this.#publisher.setRemoteDescription(session.answer);
    session.on('candidate', ({ target, candidate }) =>
      (target === 0 ? this.#publisher : this.#subscriber).addIceCandidate(ofFirstSection(candidate)),
    );
    session.on('offer', async (offer) => {
      await this.#subscriber.setRemoteDescription(offer);
      await this.#subscriber.setLocalDescription(await this.#subscriber.createAnswer());
      session.answerOffer({ type: 'answer', sdp: this.#subscriber.localDescription?.sdp ?? '' });
    });
    this.#stopVideo = sendVideo(this.track);
  }
}
