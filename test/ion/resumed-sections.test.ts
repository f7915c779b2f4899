import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, test } from 'vitest';
import { MediaStream, MediaStreamTrack, type RTCPeerConnection, RtpHeader, RtpPacket } from 'werift';
import { fakeOffer } from '../../src/testing/index.js';
import { BareDoor } from '../oracle/doors.js';
import { type IonServer, startIon } from '../support/ion.js';
import { IonPeer } from '../support/ion-peer.js';
import { MediaPeers } from '../support/media-peers.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { ofFirstSection, peerConnection } from '../support/werift.js';

const ROOM = 'lobby';
const OPUS_PAYLOAD_TYPE = 111;
/** A frame of silence (RFC 6716 § 3.1). */
const OPUS_FRAME = Buffer.from([0xf8, 0xff, 0xfe]);
const PACKET_INTERVAL_MS = 20;
const MID_EXTENSION = 9;
/**
 * As browsers offer them. With the second one, pion reads twelve packets of a source that no section declares, in search of a
 * simulcast layer, and closes the source's buffer after the last.
 */
const EXTENSIONS = [
  `a=extmap:${MID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:mid`,
  'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
].join('\r\n');
/** What pion logs after it has searched the packets of a source in vain. */
const UNASSIGNED = 'OnTrack will not be fired';
/** So many packets come late that pion waits for one more. */
const LATE_PACKETS = 11;

/**
 * Why the client library stops transceivers and never sends again by one: its source stays the same, as `replaceTrack()` keeps
 * the SSRC. When a section sends again, pion may still be searching the late packets of its source.
 */
describeReal(['ion'], 'a bare Ion SFU v1.10.0, where a section stops sending and sends again', () => {
  let ion: IonServer;
  let media: MediaPeers;
  const cleanUp: (() => unknown)[] = [];

  beforeEach(async () => {
    ion = await startIon();
    cleanUp.push(() => ion.stop());
    media = await MediaPeers.start();
    cleanUp.push(() => media.stop());
  });
  afterEach(async () => {
    for (const close of cleanUp.splice(0).reverse()) await close();
  });

  test('publishes the track each time, where all packets came in time', async () => {
    const seen = await watch();
    const publisher = await publish();
    for (let n = 1; n <= 5; n += 1) {
      await publisher.offer('sendonly', `track-${n}`);
      await until(`track-${n} is received`, async () => {
        await publisher.send(1);
        return seen().some((track) => track.endsWith(` track-${n}`));
      });
      await publisher.offer('recvonly');
    }
  });

  test('loses the track for good, where packets came late', async () => {
    const publisher = await publish();
    let count = 0;
    await until(
      'a track that the SFU does not notice',
      async () => {
        count += 1;
        const trackId = `track-${count}.`;
        await publisher.offer('recvonly');
        await publisher.send(LATE_PACKETS);
        await publisher.offer('sendonly', trackId);
        for (;;) {
          await publisher.send(1);
          const log = stripVTControlCharacters(ion.log.slice(ion.log.indexOf(trackId)));
          if (log.includes(`track_id=${trackId}`)) return false;
          // It searches the packets of the declared source again and again.
          if (log.split(UNASSIGNED).length > 3 || !ion.alive()) return true;
        }
      },
      { timeoutMs: 60_000 },
    );
  });

  /** A viewer; gives the tracks whose packets it has got. */
  async function watch(): Promise<() => string[]> {
    const seen: string[] = [];
    const door = new BareDoor(ion.address);
    const viewer = media.viewer(
      (sdp) => door.answer(sdp),
      (track) => seen.push(track),
    );
    cleanUp.push(() => viewer.close());
    cleanUp.push(() => door.leave());
    await door.join(ROOM, 'viewer', fakeOffer(), {
      onOffer: (sdp) => viewer.offer(sdp),
      onCandidate(target, candidate) {
        if (target === 1) viewer.candidate(candidate);
      },
    });
    return () => seen;
  }

  /** Sound, in a section whose direction the SFU is told; packets are sent whatever it says. */
  async function publish() {
    const peer = new IonPeer(ion.address);
    const pc = peerConnection();
    cleanUp.push(() => pc.close());
    cleanUp.push(() => peer.close());
    const track = new MediaStreamTrack({ kind: 'audio' });
    pc.addTransceiver(track, { direction: 'sendonly', streams: [new MediaStream()] });
    pc.createDataChannel('ion-sfu');
    await pc.setLocalDescription(await pc.createOffer());
    const own = pc.localDescription?.sdp ?? '';
    const describe = (direction: string, trackId: string) =>
      own
        .replace('a=sendonly', `a=${direction}\r\n${EXTENSIONS}`)
        .replace(/^(a=msid:\S+) \S+/m, `$1 ${trackId}`);

    await peer.probe();
    peer.join(ROOM, 'publisher', describe('sendonly', 'track'));
    const { description } = await peer.take('join');
    await pc.setRemoteDescription({ type: 'answer', sdp: description?.sdp ?? '' });
    await connect(pc, peer);

    let sequenceNumber = 0;
    return {
      async offer(direction: 'sendonly' | 'recvonly', trackId = 'track'): Promise<void> {
        const sdp = describe(direction, trackId);
        peer.send({ $case: 'description', value: { target: 0, type: 'offer', sdp, trackInfos: [] } });
        const answered = async (): Promise<unknown> =>
          (await peer.take('description')).target === 0 || answered();
        // A dead SFU answers nothing.
        await answered().catch(() => ion.ended());
      },
      async send(packets: number): Promise<void> {
        for (let n = 0; n < packets; n += 1) {
          sequenceNumber += 1;
          const header = new RtpHeader({
            payloadType: OPUS_PAYLOAD_TYPE,
            sequenceNumber,
            timestamp: sequenceNumber * 960,
            extension: true,
            extensions: [{ id: MID_EXTENSION, payload: Buffer.from('0') }],
          });
          track.writeRtp(new RtpPacket(header, OPUS_FRAME));
          await sleep(PACKET_INTERVAL_MS);
        }
      },
    };
  }

  async function connect(pc: RTCPeerConnection, peer: IonPeer): Promise<void> {
    const connected = pc.connectionStateChange.watch((state) => state === 'connected');
    for (;;) {
      const trickle = await peer.take('trickle');
      if (trickle.target !== 0) continue;
      await pc.addIceCandidate(ofFirstSection(JSON.parse(trickle.init)));
      return void (await connected);
    }
  }
});
