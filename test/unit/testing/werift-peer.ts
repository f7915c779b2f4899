import {
  MediaStream,
  MediaStreamTrack,
  type RTCDataChannel,
  RTCPeerConnection,
  RtpHeader,
  RtpPacket,
} from 'werift';
import type { Reply, TrackEvent } from '../../../src/sfu/ion/gen/rtc.js';
import { openRawPeer } from './raw-client.js';

const CONFIG: NonNullable<ConstructorParameters<typeof RTCPeerConnection>[0]> = {
  bundlePolicy: 'max-bundle',
  iceServers: [],
  iceUseIpv4: false,
  iceUseIpv6: false,
  iceAdditionalHostAddresses: ['127.0.0.1'],
};

/** A track that a viewer was offered: its ids and how many packets came. */
export interface Received {
  kind: string;
  streamId: string | undefined;
  trackId: string | undefined;
  packets: number;
}

/** A participant without a browser: two peer connections of werift's and a raw stream. */
export class WeriftPeer {
  readonly publisher = new RTCPeerConnection(CONFIG);
  readonly subscriber = new RTCPeerConnection(CONFIG);
  readonly received: Received[] = [];
  readonly trackEvents: TrackEvent[] = [];
  /** The data channel `ion-sfu`, once it is open. */
  readonly channel: Promise<RTCDataChannel>;
  /** The subscriber offers, as they came. */
  readonly offers: string[] = [];
  readonly raw;
  readonly #senders: NodeJS.Timeout[] = [];
  #work = Promise.resolve();

  constructor(address: string) {
    this.raw = openRawPeer(address);
    this.raw.call.on('data', ({ payload }: Reply) => {
      this.#work = this.#work.then(() => this.#handle(payload)).catch(() => {});
    });
    this.publisher.createDataChannel('ion-sfu');
    this.publisher.onIceCandidate.subscribe((c) => c && this.raw.trickle(0, JSON.stringify(c)));
    this.subscriber.onIceCandidate.subscribe((c) => c && this.raw.trickle(1, JSON.stringify(c)));
    this.channel = this.subscriber.onDataChannel.asPromise().then(([channel]) => channel);
  }

  /** Adds a track that sends a packet every 20 ms; gives its id. */
  addTrack(kind: 'audio' | 'video', streamId: string): string {
    const track = new MediaStreamTrack({ kind });
    const streams = [new MediaStream({ id: streamId })];
    const { sender } = this.publisher.addTransceiver(track, { direction: 'sendonly', streams });
    let sequenceNumber = 0;
    const send = () => {
      const header = new RtpHeader({
        sequenceNumber: ++sequenceNumber,
        timestamp: sequenceNumber * 960,
        ssrc: 1,
      });
      track.writeRtp(new RtpPacket(header, Buffer.from('media')));
    };
    this.#senders.push(setInterval(send, 20));
    return sender.trackId;
  }

  async join(uid: string, sid: string, config: Record<string, string> = {}): Promise<void> {
    const sdp = await this.#offer();
    this.raw.send({
      $case: 'join',
      value: { sid, uid, config, description: { target: 0, type: 'offer', sdp, trackInfos: [] } },
    });
    const { description } = await this.raw.reply('join');
    await this.publisher.setRemoteDescription({ type: 'answer', sdp: description?.sdp ?? '' });
  }

  async renegotiate(): Promise<void> {
    this.raw.describe(0, 'offer', await this.#offer());
  }

  find(trackId: string): Received | undefined {
    return this.received.find((track) => track.trackId === trackId);
  }

  leave(): void {
    this.raw.call.end();
  }

  async close(): Promise<void> {
    for (const sender of this.#senders) clearInterval(sender);
    this.raw.close();
    await Promise.all([this.publisher.close(), this.subscriber.close()]);
  }

  async #offer(): Promise<string> {
    const { sdp } = await this.publisher.createOffer();
    await this.publisher.setLocalDescription({ type: 'offer', sdp });
    return sdp;
  }

  async #handle(payload: Reply['payload']): Promise<void> {
    if (payload?.$case === 'trackEvent') this.trackEvents.push(payload.value);
    if (payload?.$case === 'trickle') {
      const connection = payload.value.target === 0 ? this.publisher : this.subscriber;
      await connection.addIceCandidate(JSON.parse(payload.value.init));
    }
    if (payload?.$case !== 'description') return;
    const { type, sdp } = payload.value;
    if (type === 'answer') return this.publisher.setRemoteDescription({ type, sdp });
    this.offers.push(sdp);
    await this.subscriber.setRemoteDescription({ type: 'offer', sdp });
    this.#watchTracks();
    await this.subscriber.setLocalDescription(await this.subscriber.createAnswer());
    this.raw.describe(1, 'answer', this.subscriber.localDescription?.sdp);
  }

  #watchTracks(): void {
    for (const { kind, receiver } of this.subscriber.getTransceivers()) {
      const { remoteTrackId: trackId, remoteStreamId: streamId } = receiver;
      if (this.received.some((known) => known.trackId === trackId)) continue;
      const entry: Received = { kind, streamId, trackId, packets: 0 };
      this.received.push(entry);
      receiver.track.onReceiveRtp.subscribe(() => {
        entry.packets++;
      });
    }
  }
}
