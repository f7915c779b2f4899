import type { RTCDataChannel, RTCPeerConnection } from 'werift';
import { addCandidate, type Connections, type Werift } from './connections.js';
import { DownTrack } from './down-track.js';
import type { PublishedTrack } from './published-track.js';
import { offerForBrowser } from './sdp.js';

/** Delays an offer, so that tracks that are added together share it. */
const NEGOTIATION_DELAY_MS = 20;

export interface SubscriberEvents {
  onCandidate(init: object): void;
  onOffer(sdp: string): void;
  onError(error: unknown): void;
}

/** A participant's receiving connection. The SFU offers, one offer at a time. */
export class DevSubscriber {
  readonly #downTracks = new Map<PublishedTrack, DownTrack>();
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  readonly #werift: Werift;
  readonly #events: SubscriberEvents;
  /** Tracks of the unanswered offer: their key frames are requested after the answer. */
  #offered: DownTrack[] | undefined;
  #negotiationPending = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ werift, subscriber }: Connections, events: SubscriberEvents) {
    this.#werift = werift;
    this.#events = events;
    this.#connection = subscriber();
    this.#channel = this.#connection.createDataChannel('ion-sfu');
    this.#channel.onMessage.subscribe((message) => this.#obey(message.toString()));
    this.#connection.onIceCandidate.subscribe((candidate) => {
      if (candidate) events.onCandidate(candidate);
    });
    this.#connection.connectionStateChange.subscribe((state) => {
      if (state === 'connected') for (const track of this.#downTracks.keys()) track.requestKeyFrame();
    });
  }

  /** Whether an offer is unanswered. */
  get offerPending(): boolean {
    return this.#offered !== undefined;
  }

  add(track: PublishedTrack): void {
    if (this.#closed || this.#downTracks.has(track)) return;
    const streams = [new this.#werift.MediaStream({ id: track.streamId })];
    const transceiver = this.#connection.addTransceiver(track.kind, { direction: 'sendonly', streams });
    // Otherwise werift reuses an inactive section for another track, and a browser never renames a track.
    transceiver.usedForSender = true;
    // The id in a=msid: the publisher's instead of a generated one.
    Object.assign(transceiver.sender, { trackId: track.trackId });
    this.#downTracks.set(track, new DownTrack(track, transceiver));
    this.negotiate();
  }

  remove(track: PublishedTrack): void {
    const downTrack = this.#downTracks.get(track);
    if (this.#closed || downTrack === undefined) return;
    this.#downTracks.delete(track);
    downTrack.close();
    this.negotiate();
  }

  /** Sends an offer soon, or after the pending answer. */
  negotiate(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#offer().catch((error: unknown) => {
        this.#offered = undefined;
        this.#events.onError(error);
      });
    }, NEGOTIATION_DELAY_MS);
  }

  /** Rejects without an unanswered offer, or if werift can't apply the answer. */
  async answer(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp });
    for (const { track } of this.#offered ?? []) track.requestKeyFrame();
    this.#offered = undefined;
    if (!this.#negotiationPending) return;
    this.#negotiationPending = false;
    this.negotiate();
  }

  addCandidate(candidate: string): Promise<void> {
    return addCandidate(this.#connection, candidate);
  }

  /** Sends the ids of audible streams to the viewer, as Ion does. */
  sendAudioLevels(streamIds: string[]): void {
    if (this.#channel.readyState !== 'open') return;
    try {
      this.#channel.send(JSON.stringify({ method: 'audioLevels', params: streamIds }));
    } catch (error) {
      this.#events.onError(error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const downTrack of this.#downTracks.values()) downTrack.close();
    this.#downTracks.clear();
    await this.#connection.close();
  }

  async #offer(): Promise<void> {
    if (this.#closed) return;
    if (this.#offered !== undefined) {
      this.#negotiationPending = true;
      return;
    }
    this.#offered = [...this.#downTracks.values()];
    const offer = await this.#connection.createOffer();
    await this.#connection.setLocalDescription(offer);
    if (!this.#closed) this.#events.onOffer(offerForBrowser(offer.sdp));
  }

  /** `{streamId, video: "high" | "medium" | "low" | "none", audio}`, from the viewer. */
  #obey(message: string): void {
    const wish = parse(message);
    for (const downTrack of this.#downTracks.values()) {
      if (wish === undefined || downTrack.track.streamId !== wish.streamId) continue;
      if (downTrack.track.kind === 'audio') downTrack.muted = wish.audio !== true;
      else if (wish.video !== undefined) downTrack.muted = wish.video === 'none';
    }
  }
}

function parse(message: string): { streamId?: unknown; video?: unknown; audio?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
