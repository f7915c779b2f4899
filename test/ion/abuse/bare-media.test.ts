import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  GenericNack,
  MediaStream,
  MediaStreamTrack,
  type RTCPeerConnection,
  RtcpTransportLayerFeedback,
  RtpHeader,
  RtpPacket,
} from 'werift';
import { fakeOffer } from '../../../src/testing/index.js';
import { type IonServer, startIon } from '../../support/ion.js';
import { IonPeer } from '../../support/ion-peer.js';
import { until } from '../../support/poll.js';
import { describeReal } from '../../support/real.js';
import { ofFirstSection, peerConnection } from '../../support/werift.js';
import { asDataChannel, asUnknownSound, Smuggler } from './smuggler.js';

const ROOM = 'lobby';
const OPUS_PAYLOAD_TYPE = 111;
/** A frame of silence (RFC 6716 § 3.1: code 0, and nothing to decode). */
const OPUS_FRAME = Buffer.from([0xf8, 0xff, 0xfe]);

/** What media does to it: the reason for what the relay reads in a description. */
describeReal(['ion'], 'a bare Ion SFU v1.10.0', () => {
  let ion: IonServer;
  const cleanUp: (() => unknown)[] = [];

  beforeEach(async () => {
    ion = await startIon();
  });
  afterEach(async () => {
    for (const close of cleanUp.splice(0)) await close();
    await ion.stop();
  });

  test('takes video of a peer whose description has a data channel alone', async () => {
    const stranger = await joined('stranger', 'elsewhere');
    await smuggle(asDataChannel);
    expect(await stranger.take('trackEvent')).toMatchObject({
      uid: 'smuggler',
      tracks: [{ id: '', kind: 'video' }],
    });
  });

  test('dies of a packet for a section that has no codec that it knows', async () => {
    await smuggle(asUnknownSound);
    await ion.ended();
    expect(ion.log).toContain('index out of range [0] with length 0');
  });

  // The relay keeps NACKs for audio out of descriptions, so that no browser sends any.
  test('dies of a viewer that asks for a lost packet of sound', async () => {
    await publishSound();
    const viewer = await until('the SFU offers the sound', async () => {
      const peer = await joined('viewer');
      const { sdp } = await peer.take('description');
      return sdp.includes('m=audio') && { peer, sdp };
    });
    const subscriber = connection();
    await subscriber.setRemoteDescription({ type: 'offer', sdp: viewer.sdp });
    await subscriber.setLocalDescription(await subscriber.createAnswer());
    const answer = subscriber.localDescription?.sdp ?? '';
    viewer.peer.send({
      $case: 'description',
      value: { target: 1, type: 'answer', sdp: answer, trackInfos: [] },
    });
    await connect(subscriber, viewer.peer, 1);
    expect(ion.alive()).toBe(true);

    const mediaSourceSsrc = Number(/^a=ssrc:(\d+)/m.exec(viewer.sdp)?.[1]);
    const feedback = new GenericNack({ senderSsrc: 1, mediaSourceSsrc, lost: [1] });
    const [transceiver] = subscriber.getTransceivers();
    const asked = setInterval(
      () => transceiver?.receiver.dtlsTransport.sendRtcp([new RtcpTransportLayerFeedback({ feedback })]),
      100,
    );
    cleanUp.push(() => clearInterval(asked));
    await ion.ended();
    expect(ion.log).toContain('nil pointer dereference');
  });

  function connection(): RTCPeerConnection {
    const pc = peerConnection();
    cleanUp.push(() => pc.close());
    return pc;
  }

  async function joined(uid: string, room = ROOM): Promise<IonPeer> {
    const peer = new IonPeer(ion.address);
    cleanUp.push(() => peer.close());
    await peer.probe();
    peer.join(room, uid, fakeOffer());
    await peer.take('join');
    return peer;
  }

  /** Joins with this offer, and gives the answer and a candidate. */
  async function signal(peer: IonPeer, uid: string, offer: string) {
    await peer.probe();
    peer.join(ROOM, uid, offer);
    const { description } = await peer.take('join');
    const { init } = await peer.take('trickle');
    return { answer: description?.sdp ?? '', candidate: JSON.parse(init).candidate as string };
  }

  async function smuggle(disguise: (section: string) => string | undefined): Promise<void> {
    const peer = new IonPeer(ion.address);
    const smuggler = new Smuggler();
    cleanUp.push(
      () => peer.close(),
      () => smuggler.close(),
    );
    await smuggler.connect(disguise, (offer) => signal(peer, 'smuggler', offer));
  }

  async function publishSound(): Promise<void> {
    const track = new MediaStreamTrack({ kind: 'audio' });
    const publisher = connection();
    publisher.addTransceiver(track, { direction: 'sendonly', streams: [new MediaStream()] });
    await publisher.setLocalDescription(await publisher.createOffer());
    const peer = new IonPeer(ion.address);
    cleanUp.push(() => peer.close());
    const { answer, candidate } = await signal(peer, 'publisher', publisher.localDescription?.sdp ?? '');
    await publisher.setRemoteDescription({ type: 'answer', sdp: answer });
    await publisher.addIceCandidate(ofFirstSection({ candidate }));
    let sequenceNumber = 0;
    const timer = setInterval(() => {
      sequenceNumber += 1;
      const timestamp = sequenceNumber * 960;
      const header = new RtpHeader({ payloadType: OPUS_PAYLOAD_TYPE, sequenceNumber, timestamp });
      track.writeRtp(new RtpPacket(header, OPUS_FRAME));
    }, 20);
    cleanUp.push(() => clearInterval(timer));
  }

  async function connect(pc: RTCPeerConnection, peer: IonPeer, target: 0 | 1): Promise<void> {
    const connected = pc.connectionStateChange.watch((state) => state === 'connected');
    for (;;) {
      const trickle = await peer.take('trickle');
      if (trickle.target !== target) continue;
      await pc.addIceCandidate(ofFirstSection(JSON.parse(trickle.init)));
      return void (await connected);
    }
  }
});
