import type { Grants, IceCandidate, SessionDescription } from '../protocol/messages.js';
import { SerialQueue } from '../util/serial-queue.js';
import { onLocalCandidate, RemoteCandidates } from './candidates.js';
import { encodingsFor, type PublishOptions, preferCodecs } from './encodings.js';
import { malformed, notNow, RelayClientError } from './errors.js';
import { type Layered, watchLayers } from './layer-watch.js';
import type { Rpc } from './rpc.js';
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
  rpc: Rpc;
  /** The number of the session's peer on the SFU. */
  peer: number;
  /** The ids of all tracks that were ever sent in this session: Ion forgets none. */
  known?: Set<string | undefined> | undefined;
  /** The tracks that the others are to know to be muted. */
  muted: { has(track: MediaStreamTrack): boolean };
  onError(error: RelayClientError): void;
}

/** A track that is being sent, and how. */
export interface Sending {
  track: MediaStreamTrack;
  stream: MediaStream;
  options: PublishOptions;
  /** The SFU had taken it before it was sent anew. */
  isAgain?: boolean | undefined;
}

/** Which track it is the sender says: the application may replace it. */
interface Sent extends Omit<Sending, 'track'>, Layered {
  listening: AbortController;
}

/** The publisher connection: we offer, the SFU answers, one negotiation at a time. */
export class Publisher {
  readonly pc: RTCPeerConnection;
  readonly candidates: RemoteCandidates;
  readonly #options: PublisherOptions;
  readonly #queue = new SerialQueue();
  readonly #sent = new Set<Sent>();
  /** The ids of all tracks that were ever sent. */
  readonly known: Set<string | undefined>;
  #looking: ReturnType<typeof setInterval> | undefined;
  /** Of this side, until the join request is out: the relay would have to hold them. */
  #early: IceCandidate[] | undefined = [];
  #leave: (error: RelayClientError) => void = () => {};
  readonly #left = new Promise<never>((_, reject) => {
    this.#leave = reject;
  });

  constructor(options: PublisherOptions) {
    this.#left.catch(() => {});
    this.#options = options;
    this.known = options.known ?? new Set();
    this.pc = options.pc;
    this.candidates = new RemoteCandidates(this.pc, options.onError);
    onLocalCandidate(this.pc, (candidate) => {
      if (this.#early) this.#early.push(candidate);
      else this.#sendCandidate(candidate);
    });
  }

  /**
   * The first negotiation, the same for viewers and publishers. An offer needs a section; this one receives nothing, and
   * is never used to send: Ion takes no media of a section that began so. A data channel would do as well, but Ion lets
   * whoever offers one send to the whole room, so the relay refuses it to those who may not (`canPublishData`).
   */
  join<Answer extends SessionDescription>(
    send: (offer: SessionDescription) => Promise<Answer>,
    sending: Sending[] = [],
  ): Promise<Answer> {
    preferCodecs(this.pc.addTransceiver('audio', { direction: 'recvonly' }), 'audio', {});
    return this.#run(async () => {
      for (const each of sending) await this.#add(each);
      return this.#negotiate(send);
    });
  }

  /** What the SFU has taken, once nothing is under way. */
  settled(): Promise<Sending[]> {
    return this.#run(async () => this.sending);
  }

  /** What the SFU has taken. */
  get sending(): Sending[] {
    return [...this.#sent].flatMap(
      ({ stream, options, isAgain, transceiver: { sender, currentDirection } }) =>
        sender.track && (currentDirection || isAgain) ? [{ track: sender.track, stream, options }] : [],
    );
  }

  publish(stream: MediaStream, options: PublishOptions): Promise<Publication> {
    return this.#run(async () => {
      const tracks = stream.getTracks().filter((track) => isLive(track) && !this.#find(track));
      if (tracks.length === 0 && ![...this.#sent].some((sent) => sent.stream.id === stream.id))
        throw notNow('The stream has no live track.');
      await this.#send(tracks.map((track) => ({ track, stream, options })));
      return { stream, streamId: stream.id };
    });
  }

  /** Sends what another connection was sending, and still lives. */
  restore(sending: Sending[]): Promise<void> {
    return this.#run(() => this.#send(sending.filter(({ track }) => isLive(track))));
  }

  /** What is not published (any more) needs no negotiation. */
  unpublish(streamId: string): Promise<void> {
    return this.#remove(({ stream }) => stream.id === streamId);
  }

  /** Under which id the room knows a track that is sent. */
  trackIdOf(track: MediaStreamTrack): string | undefined {
    const sent = this.#find(track);
    return sent && this.#idOf(sent.transceiver);
  }

  /** Stops sending what may not be sent any more, counted as the relay does: by sections. */
  limit({ canPublishSources, maxTracks }: Grants, mayPublish: boolean): Promise<void> {
    const isAllowed = ({ transceiver }: Sent) => {
      const { kind } = transceiver.receiver.track;
      return mayPublish && canPublishSources?.some((source) => kindOf(source) === kind) !== false;
    };
    const place = ({ transceiver: { mid } }: Sent) =>
      this.pc.localDescription?.sdp.indexOf(`a=mid:${mid}\r\n`) ?? 0;
    return this.#remove((sent) => {
      const allowed = [...this.#sent].filter(isAllowed).sort((one, other) => place(one) - place(other));
      return !allowed.slice(0, maxTracks).includes(sent);
    });
  }

  /**
   * A moderator has cut a track off at the SFU: nothing is sent of it. Or lets it be heard again: it is sent anew, as
   * the SFU never takes a section's simulcast again.
   */
  cut(trackId: string, isCut: boolean): Promise<void> {
    return this.#run(async () => {
      const sent = [...this.#sent].find(({ transceiver }) => this.#idOf(transceiver) === trackId);
      if (!sent) return;
      if (!isCut) return this.#sendAgain(sent);
      const { sender } = sent.transceiver;
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings ?? []) encoding.active = false;
      await sender.setParameters(parameters);
    });
  }

  restartIce(): Promise<void> {
    return this.#run(async () => {
      await this.#renegotiate({ iceRestart: true });
    });
  }

  /** @param error what calls that are under way are rejected with */
  close(error: RelayClientError): void {
    for (const { listening } of this.#sent) listening.abort();
    clearTimeout(this.#looking); // Intervals too (HTML, timers).
    this.pc.close();
    this.#leave(error);
  }

  /** A peer connection that was closed leaves its pending calls unsettled (W3C WebRTC): so ours are raced. */
  #run<Result>(task: () => Promise<Result>): Promise<Result> {
    return Promise.race([this.#queue.run(task), this.#left]);
  }

  async #send(sending: Sending[]): Promise<void> {
    const missing = sending.filter(({ track }) => !this.#find(track));
    try {
      for (const each of missing) await this.#add(each);
      if (missing.length > 0) await this.#renegotiate();
    } catch (reason) {
      const error = RelayClientError.from(reason);
      for (const sent of this.#sent) {
        const { currentDirection, sender } = sent.transceiver;
        if (currentDirection) continue;
        // What the relay has refused the SFU has not seen: it may keep its id.
        if (/RELAY/.test(error.code)) this.known.delete(sender.track?.id);
        this.#drop(sent);
      }
      throw error;
    }
    const { muted, rpc } = this.#options;
    const tracks = sending.flatMap(({ track }) =>
      muted.has(track) ? [{ trackId: this.trackIdOf(track) ?? '', muted: true }] : [],
    );
    if (tracks.length > 0) await rpc.request('update', { tracks });
  }

  /** In a new section. */
  async #sendAgain(sent: Sent): Promise<void> {
    const { track } = sent.transceiver.sender;
    if (!track || !this.#sent.has(sent)) return;
    this.#drop(sent);
    await this.#send([{ ...sent, track, isAgain: true }]);
  }

  async #add({ track, stream, options, isAgain }: Sending): Promise<void> {
    const sendEncodings = encodingsFor(track, options);
    if (options.simulcast)
      this.#looking ??= watchLayers(this.#sent, (sent) => {
        this.#run(() => this.#sendAgain(sent)).catch((error) => this.#report(error));
      });
    // Ion never forgets a track: one that comes again needs an id of its own, which the browser makes up.
    const isNew = !this.known.has(track.id);
    this.known.add(track.id);
    const transceiver = this.pc.addTransceiver(isNew ? track : track.kind, {
      direction: 'sendonly',
      streams: [stream],
      ...(sendEncodings && { sendEncodings }),
    });
    const listening = new AbortController();
    this.#sent.add({ stream, options, transceiver, listening, isAgain });
    preferCodecs(transceiver, track.kind, options);
    const ended = () => this.#remove(hasEnded).catch((error) => this.#report(error));
    track.addEventListener('ended', ended, { signal: listening.signal });
    if (!isNew) await transceiver.sender.replaceTrack(track);
  }

  /** Stops sending at once; the SFU hears of it with the next offer, whose section is then free to be used again. */
  #drop(sent: Sent): void {
    this.#sent.delete(sent);
    sent.listening.abort();
    if (this.pc.signalingState === 'closed') return;
    const { transceiver } = sent;
    if (transceiver.currentDirection) transceiver.stop();
    else {
      // One that was never negotiated, Chromium goes on offering once it is stopped, and the next one not at all.
      transceiver.direction = 'inactive';
      transceiver.sender.replaceTrack(null).catch(() => {});
    }
  }

  /** The tracks of one device end together, and are taken out by one negotiation. */
  #remove(isMeant: (sent: Sent) => boolean): Promise<void> {
    return this.#run(async () => {
      const sent = [...this.#sent];
      if (!sent.some(isMeant)) return;
      for (const each of sent) if (isMeant(each) || hasEnded(each)) this.#drop(each);
      await this.#renegotiate();
    });
  }

  #find(track: MediaStreamTrack): Sent | undefined {
    return [...this.#sent].find(({ transceiver }) => transceiver.sender.track === track);
  }

  #idOf({ mid }: RTCRtpTransceiver): string | undefined {
    return mid == null ? undefined : readMsid(this.pc.localDescription?.sdp ?? '', mid).trackId;
  }

  #renegotiate(options?: RTCOfferOptions): Promise<SessionDescription> {
    return this.#negotiate(
      (desc) => this.#options.rpc.request('offer', { desc, peer: this.#options.peer }),
      options,
    );
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
      throw RelayClientError.from(error);
    } finally {
      if (this.pc.remoteDescription) this.candidates.release();
    }
  }

  #releaseEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const candidate of early) this.#sendCandidate(candidate);
  }

  #sendCandidate(candidate: IceCandidate): void {
    const { rpc, peer } = this.#options;
    rpc.notify('trickle', { target: 0, candidate, peer });
  }

  /** Back to the last negotiated state (RFC 8829 § 4.1.10.2), so that the next offer can be made. */
  async #rollBack(): Promise<void> {
    if (this.pc.signalingState !== 'have-local-offer') return;
    await this.pc.setLocalDescription({ type: 'rollback' }).catch((error) => this.#report(error));
  }

  #report(error: unknown): void {
    this.#options.onError(RelayClientError.from(error));
  }
}

const isLive = (track: MediaStreamTrack) => track.readyState === 'live';
const hasEnded = ({ transceiver }: Sent) => transceiver.sender.track?.readyState === 'ended';
const kindOf = (source: string) => (/audio|microphone/.test(source) ? 'audio' : 'video');
