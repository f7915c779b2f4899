import type { IceCandidate, SessionDescription } from '../signal/protocol.js';
import { onLocalCandidate, RemoteCandidates } from './candidates.js';
import { CONTROL_CHANNEL } from './control.js';
import { encodingsFor, type PublishOptions, preferCodecs } from './encodings.js';
import { malformed, notNow, RelayClientError } from './errors.js';
import { SerialQueue } from './queue.js';
import { isDescription } from './wire.js';

/** A stream that is being sent. @category Client */
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
  /** Of this side, until the join request is out: the relay would have to hold them. */
  #early: IceCandidate[] | undefined = [];

  constructor(options: PublisherOptions) {
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
    return this.#queue.run(() => this.#negotiate(send));
  }

  publish(stream: MediaStream, options: PublishOptions): Promise<Publication> {
    return this.#queue.run(async () => {
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

  restartIce(): Promise<void> {
    return this.#queue.run(async () => {
      await this.#negotiate(this.#options.sendOffer, { iceRestart: true });
    });
  }

  close(): void {
    for (const { listening } of this.#sent.values()) listening.abort();
    this.pc.close();
  }

  async #send(tracks: MediaStreamTrack[], stream: MediaStream, options: PublishOptions): Promise<void> {
    const added: MediaStreamTrack[] = [];
    try {
      for (const track of tracks) {
        this.#add(track, stream, options);
        added.push(track);
      }
      await this.#negotiate(this.#options.sendOffer);
    } catch (error) {
      for (const track of added) this.#drop(track);
      throw RelayClientError.from(error, "The stream can't be published");
    }
  }

  #add(track: MediaStreamTrack, stream: MediaStream, options: PublishOptions): void {
    const sendEncodings = encodingsFor(track.kind, options);
    const transceiver = this.pc.addTransceiver(track, {
      direction: 'sendonly',
      streams: [stream],
      ...(sendEncodings && { sendEncodings }),
    });
    preferCodecs(transceiver, track.kind);
    const listening = new AbortController();
    const ended = () => this.#remove((sent) => sent.transceiver === transceiver).catch(this.#options.onError);
    track.addEventListener('ended', ended, { signal: listening.signal });
    this.#sent.set(track, { streamId: stream.id, transceiver, listening });
  }

  /** Stops sending at once; the SFU hears of it with the next offer, whose section is then free to be used again. */
  #drop(track: MediaStreamTrack): void {
    const sent = this.#sent.get(track);
    this.#sent.delete(track);
    sent?.listening.abort();
    sent?.transceiver.stop();
  }

  /** The tracks of one device end together, and are taken out by one negotiation. */
  #remove(isMeant: (sent: Sent) => boolean): Promise<void> {
    return this.#queue.run(async () => {
      const isGone = (track: MediaStreamTrack) => track.readyState === 'ended';
      const ended = [...this.#sent].filter(([, sent]) => isMeant(sent));
      if (ended.length === 0) return;
      for (const [track, sent] of [...this.#sent]) {
        if (isMeant(sent) || isGone(track)) this.#drop(track);
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
      await this.pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
      return answer;
    } catch (error) {
      await this.#rollBack();
      throw RelayClientError.from(error, 'The publisher connection could not be negotiated');
    } finally {
      this.candidates.release();
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
    await this.pc.setLocalDescription({ type: 'rollback' }).catch(this.#options.onError);
  }
}
