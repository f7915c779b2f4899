import type { RTCDtlsTransport, RTCPeerConnection, RtpHeader, RtpPacket } from 'werift';
import { addCandidate, type Connections, type Werift } from './connections.js';
import { PublishedTrack, type TrackChanges } from './published-track.js';
import { answerForBrowser, type OfferedTrack, offeredTracks, offerForWerift } from './sdp.js';

/** The bandwidth that is announced to publishers: 3 Mbit/s = mantissa × 2^exponent. */
const BANDWIDTH = { brMantissa: 187_500, brExp: 4 };
const BANDWIDTH_INTERVAL_MS = 1_000;

/** A participant's sending connection. */
export class DevPublisher {
  /** By mid. */
  readonly #tracks = new Map<string, PublishedTrack>();
  readonly #trackBySsrc = new Map<number, PublishedTrack>();
  /** SSRCs that are in no offer, as after a declined simulcast: they have to be registered in werift. */
  readonly #unnamed = new Map<number, string>();
  readonly #connection: RTCPeerConnection;
  readonly #werift: Werift;
  #transport: RTCDtlsTransport | undefined;
  /** ICE restarts after which ICE was started again. */
  #restarts = 0;
  #bandwidthTimer: NodeJS.Timeout | undefined;

  constructor({ werift, publisher }: Connections, onCandidate: (init: object) => void) {
    this.#werift = werift;
    this.#connection = publisher();
    this.#connection.onIceCandidate.subscribe((candidate) => {
      if (candidate) onCandidate(candidate);
    });
  }

  get tracks(): Iterable<PublishedTrack> {
    return this.#tracks.values();
  }

  /** Rejects if werift can't apply the offer. */
  async answer(offer: string): Promise<{ sdp: string; changes: TrackChanges }> {
    if (!/^a=ice-ufrag:/m.test(offer)) throw new Error('the offer has no ICE credentials');
    await this.#connection.setRemoteDescription({ type: 'offer', sdp: offerForWerift(offer) });
    // Otherwise werift reuses an inactive section for a new one, even of another kind.
    for (const transceiver of this.#connection.getTransceivers()) transceiver.usedForSender = true;
    const { sdp } = await this.#connection.createAnswer();
    await this.#connection.setLocalDescription({ type: 'answer', sdp });
    this.#listen();
    this.#resumeAfterIceRestart();
    return { sdp: answerForBrowser(sdp, offer), changes: this.#update(offeredTracks(offer)) };
  }

  addCandidate(candidate: string): Promise<void> {
    return addCandidate(this.#connection, candidate);
  }

  async close(): Promise<void> {
    clearInterval(this.#bandwidthTimer);
    for (const track of this.#tracks.values()) track.close();
    this.#tracks.clear();
    this.#trackBySsrc.clear();
    await this.#connection.close();
  }

  #update(offered: OfferedTrack[]): TrackChanges {
    const changes: TrackChanges = { added: [], removed: [] };
    for (const [mid, track] of this.#tracks) {
      if (offered.some((other) => other.mid === mid && other.trackId === track.trackId)) continue;
      changes.removed.push(track);
      this.#forget(mid, track);
    }
    for (const { mid, ...offer } of offered) {
      const track = this.#tracks.get(mid) ?? new PublishedTrack(offer, () => this.#sendPictureLoss(mid));
      for (const ssrc of offer.ssrcs) this.#trackBySsrc.set(ssrc, track);
      if (this.#tracks.has(mid)) continue;
      this.#tracks.set(mid, track);
      changes.added.push(track);
    }
    return changes;
  }

  #forget(mid: string, track: PublishedTrack): void {
    this.#tracks.delete(mid);
    for (const [ssrc, other] of this.#trackBySsrc) if (other === track) this.#trackBySsrc.delete(ssrc);
  }

  #listen(): void {
    const transport = this.#connection.dtlsTransports[0];
    if (transport === undefined || transport === this.#transport) return;
    this.#transport = transport;
    transport.onRtp.subscribe((packet) => this.#receive(packet));
    const announce = () => this.#announceBandwidth(transport);
    this.#bandwidthTimer = setInterval(announce, BANDWIDTH_INTERVAL_MS).unref();
  }

  #receive(packet: RtpPacket): void {
    const track = this.#trackOf(packet);
    if (track === undefined) return;
    const level = track.kind === 'audio' ? this.#audioLevel(packet.header) : undefined;
    track.forward(packet, level);
  }

  /** Finds the track by SSRC, otherwise by MID (RFC 8843 section 9.2). */
  #trackOf(packet: RtpPacket): PublishedTrack | undefined {
    const { ssrc } = packet.header;
    const unnamed = this.#unnamed.get(ssrc);
    if (unnamed !== undefined) this.#reportToWerift(packet, unnamed);
    const known = this.#trackBySsrc.get(ssrc);
    if (known !== undefined) return known;
    const mid = this.#extension(packet.header, this.#werift.RTP_EXTENSION_URI.sdesMid)?.toString();
    const track = mid === undefined ? undefined : this.#tracks.get(mid);
    if (mid === undefined || track === undefined) return undefined;
    this.#trackBySsrc.set(ssrc, track);
    this.#unnamed.set(ssrc, mid);
    this.#receiver(mid)?.addTrack(
      new this.#werift.MediaStreamTrack({ kind: track.kind, ssrc, remote: true }),
    );
    return track;
  }

  /** Passes the packet to werift's receiver, which sends receiver reports and NACKs. */
  #reportToWerift(packet: RtpPacket, mid: string): void {
    this.#receiver(mid)?.handleRtpBySsrc(packet, {});
  }

  #receiver(mid: string) {
    return this.#connection.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
  }

  #audioLevel(header: RtpHeader): number | undefined {
    const payload = this.#extension(header, this.#werift.RTP_EXTENSION_URI.audioLevelIndication);
    return payload?.[0] === undefined ? undefined : payload[0] & 0x7f;
  }

  #extension(header: RtpHeader, uri: string): Buffer | undefined {
    const uris = this.#connection.extIdUriMap;
    return header.extensions.find(({ id }) => uris[id] === uri)?.payload;
  }

  /** Sends the PLI directly: werift's receiver sends none for a section that had another track before. */
  #sendPictureLoss(mid: string): void {
    const { PictureLossIndication, RtcpPayloadSpecificFeedback } = this.#werift;
    for (const [mediaSsrc, track] of this.#trackBySsrc) {
      if (track !== this.#tracks.get(mid)) continue;
      const feedback = new PictureLossIndication({ senderSsrc: 1, mediaSsrc });
      this.#transport?.sendRtcp([new RtcpPayloadSpecificFeedback({ feedback })]).catch(() => {});
    }
  }

  /** Sends REMB: without an estimate a browser stays at about 300 kbit/s for a long time. */
  #announceBandwidth(transport: RTCDtlsTransport): void {
    const ssrcFeedbacks = [...this.#trackBySsrc].flatMap(([ssrc, { kind }]) =>
      kind === 'video' ? [ssrc] : [],
    );
    if (transport.state !== 'connected' || ssrcFeedbacks.length === 0) return;
    const { ReceiverEstimatedMaxBitrate, RtcpPayloadSpecificFeedback } = this.#werift;
    const feedback = new ReceiverEstimatedMaxBitrate({
      ...BANDWIDTH,
      senderSsrc: 1,
      mediaSsrc: 0,
      ssrcNum: ssrcFeedbacks.length,
      ssrcFeedbacks,
    });
    transport.sendRtcp([new RtcpPayloadSpecificFeedback({ feedback })]).catch(() => {});
  }

  /** Restarts ICE: werift starts it only for a transport that was never connected. */
  #resumeAfterIceRestart(): void {
    const ice = this.#transport?.iceTransport;
    if (!ice || this.#restarts === ice.iceRestarts) return;
    this.#restarts = ice.iceRestarts;
    if (this.#transport?.state === 'connected') ice.start().catch(() => {});
  }
}
