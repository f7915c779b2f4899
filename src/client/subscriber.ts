import type { IceCandidate, SessionDescription } from '../signal/protocol.js';
import { onLocalCandidate, RemoteCandidates } from './candidates.js';
import { CONTROL_CHANNEL, type Control } from './control.js';
import { RelayClientError } from './errors.js';
import { SerialQueue } from './queue.js';
import type { RemoteTracks } from './remote-tracks.js';

export interface SubscriberOptions {
  pc: RTCPeerConnection;
  tracks: RemoteTracks;
  control: Control;
  sendAnswer(answer: SessionDescription): void;
  sendCandidate(candidate: IceCandidate): void;
  onUp(): void;
  /** Nothing new will come over this connection. */
  onDown(error: RelayClientError): void;
  onError(error: RelayClientError): void;
}

/** The subscriber connection: the SFU offers, we answer, strictly in order. */
export class Subscriber {
  readonly pc: RTCPeerConnection;
  readonly candidates: RemoteCandidates;
  readonly #options: SubscriberOptions;
  readonly #queue = new SerialQueue();
  /** The offer that is being answered. */
  #sdp = '';
  #closed = false;

  constructor(options: SubscriberOptions) {
    const { pc, control, tracks } = options;
    this.#options = options;
    this.pc = pc;
    this.candidates = new RemoteCandidates(pc, (error) =>
      options.onError(RelayClientError.from(error, "The SFU's candidate can't be used")),
    );
    onLocalCandidate(pc, options.sendCandidate);
    pc.addEventListener('track', (event) => tracks.arrived(event, this.#sdp));
    pc.addEventListener('datachannel', ({ channel }) => {
      if (channel.label === CONTROL_CHANNEL) control.attach(channel);
    });
    pc.addEventListener('connectionstatechange', () => this.#changed());
  }

  /** @param offer the SFU's; answered when all earlier ones are. */
  answer(offer: SessionDescription): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#closed) return;
      try {
        this.#sdp = offer.sdp;
        await this.pc.setRemoteDescription(offer);
        this.candidates.release();
        const { sdp = '' } = await this.pc.createAnswer();
        await this.pc.setLocalDescription({ type: 'answer', sdp });
        this.#options.sendAnswer({ type: 'answer', sdp });
        this.#options.tracks.negotiated();
      } catch (error) {
        if (this.#closed) return;
        // The SFU waits for the answer, and offers nothing new until it has one.
        this.#options.onDown(RelayClientError.from(error, "The SFU's offer can't be answered"));
      }
    });
  }

  close(): void {
    this.#closed = true;
    this.pc.close();
  }

  #changed(): void {
    if (this.pc.connectionState === 'connected') this.#options.onUp();
    if (this.pc.connectionState === 'failed') {
      const message =
        'The connection that receives media has failed, and can only be made anew: leave and join.';
      this.#options.onDown(new RelayClientError('ERR_CLIENT_MEDIA_LOST', message, { retryable: true }));
    }
  }
}
