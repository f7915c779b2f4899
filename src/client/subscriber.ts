import type { SessionDescription } from '../protocol/messages.js';
import { SerialQueue } from '../util/serial-queue.js';
import { onLocalCandidate, RemoteCandidates } from './candidates.js';
import { CONTROL_CHANNEL, type Control } from './control.js';
import { mediaLost, RelayClientError } from './errors.js';
import type { RemoteTracks } from './remote-tracks.js';
import type { Rpc } from './rpc.js';

export interface SubscriberOptions {
  pc: RTCPeerConnection;
  tracks: RemoteTracks;
  control: Control;
  rpc: Rpc;
  /** The number of the session's peer on the SFU. */
  peer: number;
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
    const { pc, control, tracks, rpc, peer } = options;
    this.#options = options;
    this.pc = pc;
    this.candidates = new RemoteCandidates(pc, options.onError);
    onLocalCandidate(pc, (candidate) => rpc.notify('trickle', { target: 1, candidate, peer }));
    pc.addEventListener('track', (event) => tracks.arrived(event, this.#sdp, this));
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
        const desc = { type: 'answer', sdp } as const;
        await this.pc.setLocalDescription(desc);
        this.#options.rpc.notify('answer', { desc, peer: this.#options.peer });
        this.#options.tracks.negotiated(this);
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
    // Ion restarts no ICE of this one.
    if (this.pc.connectionState === 'failed') this.#options.onDown(mediaLost('receives'));
  }
}
