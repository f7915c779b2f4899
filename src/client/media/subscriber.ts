import type { SessionDescription } from '../../protocol/messages.js';
import { SerialQueue } from '../../util/serial-queue.js';
import { asClientError, mediaLost, type RelayClientError } from '../common/errors.js';
import type { Rpc } from '../connection/json-rpc.js';
import { type CandidateQueue, onLocalCandidate, remoteCandidates } from './candidates.js';
import type { RemoteTracks } from './remote-tracks.js';
import { CONTROL_CHANNEL, type StreamControl } from './stream-control.js';

interface SubscriberOptions {
  pc: RTCPeerConnection;
  tracks: RemoteTracks;
  control: StreamControl;
  rpc: Rpc;
  /** The number of the session's peer on the SFU. */
  peer: number;
  onUp(): void;
  /** The connection has failed, or its negotiation. */
  onDown(error: RelayClientError): void;
  onError(error: RelayClientError): void;
}

/** The subscriber connection: the SFU offers, the client answers, in order. */
export interface SubscriberConnection {
  readonly pc: RTCPeerConnection;
  readonly candidates: CandidateQueue;
  /** Answers an offer of the SFU after all earlier ones. */
  answerOffer(offer: SessionDescription): Promise<void>;
  close(): void;
}

export function subscriber(options: SubscriberOptions): SubscriberConnection {
  const { pc, tracks, rpc, peer, onDown } = options;
  const candidates = remoteCandidates(pc, options.onError);
  const queue = new SerialQueue();
  /** The offer that is being answered. */
  let current = '';

  onLocalCandidate(pc, (candidate) => rpc.notify('trickle', { target: 1, candidate, peer }));
  pc.addEventListener('track', (event) => tracks.arrived(event, current, pc, peer));
  pc.addEventListener('datachannel', ({ channel }) => {
    if (channel.label === CONTROL_CHANNEL) options.control.useChannel(channel);
  });
  pc.addEventListener('connectionstatechange', () => {
    if (pc.connectionState === 'connected') options.onUp();
    // Ion does not restart ICE of this connection.
    if (pc.connectionState === 'failed') onDown(mediaLost('subscriber'));
  });

  return {
    pc,
    candidates,
    answerOffer: (offer) =>
      queue.run(async () => {
        try {
          current = offer.sdp;
          await pc.setRemoteDescription(offer);
          candidates.release();
          const { sdp = '' } = await pc.createAnswer();
          const desc = { type: 'answer', sdp } as const;
          await pc.setLocalDescription(desc);
          rpc.notify('answer', { desc, peer });
          tracks.negotiated(pc);
        } catch (error) {
          // The SFU sends no further offer until it has the answer.
          if (pc.signalingState !== 'closed') onDown(asClientError(error, "The SFU's offer"));
        }
      }),
    close: () => pc.close(),
  };
}
