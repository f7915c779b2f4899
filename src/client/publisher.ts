import type { IceCandidate, SessionDescription } from '../signal/protocol.js';
import { onLocalCandidate, RemoteCandidates } from './candidates.js';
import { CONTROL_CHANNEL } from './control.js';
import { encodingsFor, type PublishOptions, preferCodecs } from './encodings.js';
import { malformed, notNow, RelayClientError } from './errors.js';
import { SerialQueue } from './queue.js';
import { readMsid, stopSections } from './sdp.js';
import { isDescription } from './wire.js';

/**
 * A stream that is being sent.
 * @category Client
 */
export interface Publication {
  stream: MediaStream;
  streamId: string;
}

export interface PublisherOptions {
  pc: RTCPeerConnection;
  /** Sends a renegotiation's offer; resolves with the SFU's answer. */
  sendOffer(offer: SessionDescription): Promise<SessionDescription>;
  sendCandidate(candidate: IceCandidate): void;
  onError(error: RelayClientError): void;
}

interface Sent {
  streamId: string;
  transceiver: RTCRtpTransceiver;
  listening: AbortController;
}

/** The publisher connection: we offer, the SFU answers, one negotiation at a time. */
export class Publisher {
  readonly pc: RTCPeerConnection;
  readonly candidates: RemoteCandidates;
  readonly #options: PublisherOptions;
  readonly #queue = new SerialQueue();
  readonly #sent = new Map<MediaStreamTrack, Sent>();
  /** The ids of all tracks that were ever sent. */
  readonly #known = new Set<string>();
  /** Of this side, until the join request is out: the relay would have to hold them. */
  #early: IceCandidate[] | undefined = [];
  #leave: (error: RelayClientError) => void = () => {};
  readonly #left = new Promise<never>((_, reject) => {
    this.#leave = reject;
  });

  constructor(options: PublisherOptions) {
    this.#left.catch(() => {});
    this.#options = options;
    this.pc = options.pc;
    this.candidates = new RemoteCandidates(this.pc, (error) =>
      options.onError(RelayClientError.from(error, "The SFU's candidate can't be used")),
    );
    onLocalCandidate(this.pc, (candidate) => {
      if (this.#early) this.#early.push(candidate);
      else options.sendCandidate(candidate);
    });
  }

  /** The first negotiation. It carries Ion's control channel alone, so that a viewer's is the same. */
  join<Answer extends SessionDescription>(
    send: (offer: SessionDescription) => Promise<Answer>,
  ): Promise<Answer> {
    this.pc.createDataChannel(CONTROL_CHANNEL);
    return this.#run(() => this.#negotiate(send));
  }

  publish(stream: MediaStream, options: PublishOptions): Promise<Publication> {
    return this.#run(async () => {
      const tracks = stream
        .getTracks()
        .filter((track) => track.readyState === 'live' && !this.#sent.has(track));
      if (tracks.length === 0 && ![...this.#sent.values()].some(({ streamId }) => streamId === stream.id))
        throw notNow('The stream has no live track to publish.');
      if (tracks.length > 0) await this.#send(tracks, stream, options);
      return { stream, streamId: stream.id };
    });
  }

  /** What is not published (any more) needs no negotiation. */
  unpublish(streamId: string): Promise<void> {
    return this.#remove((sent) => sent.streamId === streamId);
  }

  /** Under which id the room knows a track that is sent. */
  trackIdOf(track: MediaStreamTrack): string | undefined {
    const mid = this.#sent.get(track)?.transceiver.mid;
    return mid == null ? undefined : readMsid(this.pc.localDescription?.sdp ?? '', mid).trackId;
  }

  restartIce(): Promise<void> {
    return this.#run(async () => {
      await this.#negotiate(this.#options.sendOffer, { iceRestart: true });
    });
  }

  /** @param error what calls that are under way are rejected with */
  close(error: RelayClientError): void {
    for (const { listening } of this.#sent.values()) listening.abort();
    this.pc.close();
    this.#leave(error);
  }

  /** A peer connection that was closed leaves its pending calls unsettled (W3C WebRTC): so ours are raced. */
  #run<Result>(task: () => Promise<Result>): Promise<Result> {
    return Promise.race([this.#queue.run(task), this.#left]);
  }

  async #send(tracks: MediaStreamTrack[], stream: MediaStream, options: PublishOptions): Promise<void> {
    try {
      for (const track of tracks) await this.#add(track, stream, options);
      await this.#negotiate(this.#options.sendOffer);
    } catch (error) {
      for (const track of tracks) this.#drop(track);
      throw RelayClientError.from(error, "The stream can't be published");
    }
  }

  async #add(track: MediaStreamTrack, stream: MediaStream, options: PublishOptions): Promise<void> {
    const sendEncodings = encodingsFor(track.kind, options);
    // Ion never forgets a track: one that comes again needs an id of its own, which the browser makes up.
    const isNew = !this.#known.has(track.id);
    this.#known.add(track.id);
    const transceiver = this.pc.addTransceiver(isNew ? track : track.kind, {
      direction: 'sendonly',
      streams: [stream],
      ...(sendEncodings && { sendEncodings }),
    });
    const listening = new AbortController();
    this.#sent.set(track, { streamId: stream.id, transceiver, listening });
    preferCodecs(transceiver, track.kind, options);
    const ended = () =>
      this.#remove((sent) => sent.transceiver === transceiver).catch((error) => this.#report(error));
    track.addEventListener('ended', ended, { signal: listening.signal });
    if (!isNew) await transceiver.sender.replaceTrack(track);
  }

  /** Stops sending at once; the SFU hears of it with the next offer, whose section is then free to be used again. */
  #drop(track: MediaStreamTrack): void {
    const sent = this.#sent.get(track);
    this.#sent.delete(track);
    sent?.listening.abort();
    if (this.pc.signalingState !== 'closed') sent?.transceiver.stop();
  }

  /** The tracks of one device end together, and are taken out by one negotiation. */
  #remove(isMeant: (sent: Sent) => boolean): Promise<void> {
    return this.#run(async () => {
      if (![...this.#sent.values()].some(isMeant)) return;
      for (const [track, sent] of [...this.#sent]) {
        if (isMeant(sent) || track.readyState === 'ended') this.#drop(track);
      }
      await this.#negotiate(this.#options.sendOffer);
    });
  }

  async #negotiate<Answer extends SessionDescription>(
    send: (offer: SessionDescription) => Promise<Answer>,
    options?: RTCOfferOptions,
  ): Promise<Answer> {
    // With an ICE restart the SFU's new candidates may come before its answer.
    this.candidates.hold();
    try {
      const { sdp = '' } = await this.pc.createOffer(options);
      await this.pc.setLocalDescription({ type: 'offer', sdp });
      const answering = send({ type: 'offer', sdp });
      this.#releaseEarly();
      const answer = await answering;
      if (!isDescription(answer, 'answer')) throw malformed('an answer without SDP');
      await this.pc.setRemoteDescription({ type: 'answer', sdp: stopSections(answer.sdp, sdp) });
      return answer;
    } catch (error) {
      await this.#rollBack();
      throw RelayClientError.from(error, 'The publisher connection could not be negotiated');
    } finally {
      if (this.pc.remoteDescription) this.candidates.release();
    }
  }

  #releaseEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const candidate of early) this.#options.sendCandidate(candidate);
  }

  /** Back to the last negotiated state (RFC 8829 § 4.1.10.2), so that the next offer can be made. */
  async #rollBack(): Promise<void> {
    if (this.pc.signalingState !== 'have-local-offer') return;
    await this.pc.setLocalDescription({ type: 'rollback' }).catch((error) => this.#report(error));
  }

  #report(error: unknown): void {
    this.#options.onError(RelayClientError.from(error, 'The publisher connection failed'));
  }
}
