import type { Grants, SessionDescription } from '../../protocol/messages.js';
import { SerialQueue } from '../../util/serial-queue.js';
import { asClientError, malformed, notNow, type RelayClientError } from '../common/errors.js';
import { isAnswer } from '../common/wire-forms.js';
import type { Rpc } from '../connection/json-rpc.js';
import { candidateQueue, onLocalCandidate, remoteCandidates } from './candidates.js';
import { encodingsFor, type PublishOptions, preferCodecs } from './encodings.js';
import { type Layered, watchLayers } from './layer-watch.js';
import { readMsid, stopSections } from './sdp.js';

/**
 * A stream that is being sent.
 * @category Client
 */
export interface Publication {
  stream: MediaStream;
  streamId: string;
}

interface PublisherOptions {
  pc: RTCPeerConnection;
  rpc: Rpc;
  /** The number of the session's peer on the SFU. */
  peer: number;
  onError(error: RelayClientError): void;
  /** The ids of all tracks that were ever sent in this session: Ion forgets none. */
  known?: Set<string | undefined> | undefined;
  /** The tracks that are announced as muted. */
  muted: { has(track: MediaStreamTrack): boolean };
}

/** A track that is being sent, and how. */
export interface Sending {
  track: MediaStreamTrack;
  stream: MediaStream;
  options: PublishOptions;
  /** The SFU had taken it before it was sent anew. */
  isAgain?: boolean | undefined;
}

/** The sender may have another track by now: the application may replace it. */
interface Sent extends Sending, Layered {}

export type Publisher = ReturnType<typeof publisher>;

/** The publisher connection: we offer, the SFU answers, one negotiation at a time. */
export function publisher({ pc, rpc, peer, known = new Set(), muted, onError }: PublisherOptions) {
  const candidates = remoteCandidates(pc, onError);
  // Until the join request is out: the relay would have to hold them.
  const localCandidates = candidateQueue((candidate) =>
    rpc.notify('trickle', { target: 0, candidate, peer }),
  );
  onLocalCandidate(pc, localCandidates.receive);

  const queue = new SerialQueue();
  const sent = new Set<Sent>();
  let layerTimer: ReturnType<typeof setInterval> | undefined;
  let leave: (error: RelayClientError) => void;
  const left = new Promise<never>((_, reject) => {
    leave = reject;
  });
  left.catch(() => {});

  /** A closed peer connection never settles its pending calls (W3C WebRTC): `left` does. */
  const run = <Result>(task: () => Promise<Result>) => Promise.race([queue.run(task), left]);
  const report = (error: unknown) => onError(asClientError(error));
  const find = (isMeant: (each: Sent) => boolean) => [...sent].find(isMeant);
  const findTrack = (track: MediaStreamTrack) =>
    find(({ transceiver }) => transceiver.sender.track === track);
  const localSdp = () => pc.localDescription?.sdp ?? '';
  /** The id by which the room knows a track. */
  const idOf = ({ transceiver: { mid } }: Sent) =>
    mid == null ? undefined : readMsid(localSdp(), mid).trackId;
  const trackIdOf = (track: MediaStreamTrack) => {
    const each = findTrack(track);
    return each && idOf(each);
  };
  /** What the SFU has taken. */
  const sending = () =>
    [...sent].flatMap<Sending>(({ stream, options, isAgain, transceiver: { sender, currentDirection } }) =>
      sender.track && (currentDirection || isAgain) ? [{ track: sender.track, stream, options }] : [],
    );

  /** @param send brings the offer to the relay; by default as another one of the session */
  const negotiate = async <Answer extends SessionDescription>(
    send: (offer: SessionDescription) => Promise<Answer | SessionDescription> = (desc) =>
      rpc.request('offer', { desc, peer }),
    options?: RTCOfferOptions,
  ): Promise<Answer> => {
    // With an ICE restart the SFU's new candidates may come before its answer.
    candidates.hold();
    try {
      const { sdp = '' } = await pc.createOffer(options);
      const offer = { type: 'offer', sdp } as const;
      await pc.setLocalDescription(offer);
      const answering = send(offer);
      localCandidates.release();
      const answer = await answering;
      if (!isAnswer(answer)) throw malformed('answer');
      await pc.setRemoteDescription({ type: 'answer', sdp: stopSections(answer.sdp, sdp) });
      return answer as Answer;
    } catch (error) {
      // Back to the last negotiated state (RFC 8829 § 4.1.10.2), so that the next offer can be made.
      if (pc.signalingState === 'have-local-offer')
        await pc.setLocalDescription({ type: 'rollback' }).catch(report);
      throw asClientError(error);
    } finally {
      if (pc.remoteDescription) candidates.release();
    }
  };

  const add = async ({ track, stream, options, isAgain }: Sending) => {
    const sendEncodings = encodingsFor(track, options);
    if (options.simulcast)
      layerTimer ??= watchLayers(sent, (each) => run(() => sendAgain(each)).catch(report));
    // Ion never forgets a track: one that is sent again needs another id, which the browser makes up.
    const isNew = !known.has(track.id);
    known.add(track.id);
    const transceiver = pc.addTransceiver(isNew ? track : track.kind, {
      direction: 'sendonly',
      streams: [stream],
      ...(sendEncodings && { sendEncodings }),
    });
    sent.add({ track, stream, options, transceiver, isAgain });
    preferCodecs(transceiver, options);
    track.addEventListener('ended', ended);
    if (!isNew) await transceiver.sender.replaceTrack(track);
  };

  /** Stops sending at once; the SFU learns it from the next offer. */
  const drop = (each: Sent) => {
    sent.delete(each);
    each.track.removeEventListener('ended', ended);
    if (pc.signalingState === 'closed') return;
    const { transceiver } = each;
    if (transceiver.currentDirection) transceiver.stop();
    else {
      // Chromium goes on offering a stopped transceiver that was never negotiated, and the next one not at all.
      transceiver.direction = 'inactive';
      transceiver.sender.replaceTrack(null).catch(() => {});
    }
  };

  const send = async (all: Sending[]) => {
    const missing = all.filter(({ track }) => !findTrack(track));
    try {
      for (const each of missing) await add(each);
      if (missing.length > 0) await negotiate();
    } catch (reason) {
      const error = asClientError(reason);
      for (const each of sent) {
        const { currentDirection, sender } = each.transceiver;
        if (currentDirection) continue;
        // The SFU has not seen what the relay has refused: the track may keep its id.
        if (/RELAY/.test(error.code)) known.delete(sender.track?.id);
        drop(each);
      }
      throw error;
    }
    const tracks = all
      .filter(({ track }) => muted.has(track))
      .map(({ track }) => ({ trackId: trackIdOf(track) as string, muted: true }));
    if (tracks.length > 0) await rpc.request('update', { tracks });
  };

  /** In a new section. */
  const sendAgain = async (each: Sent) => {
    const { track } = each.transceiver.sender;
    if (!track || !sent.has(each)) return;
    drop(each);
    await send([{ ...each, track, isAgain: true }]);
  };

  /** The tracks of one device end together, and are removed by one negotiation. */
  const remove = (isMeant: (each: Sent) => boolean) =>
    run(async () => {
      if (!find(isMeant)) return;
      const meant = [...sent].filter((each) => isMeant(each) || hasEnded(each));
      meant.forEach(drop);
      await negotiate();
    });

  const ended = () => remove(hasEnded).catch(report);

  return {
    pc,
    candidates,
    known,
    sending,
    trackIdOf,
    localSdp,

    /**
     * The first negotiation, the same for viewers and publishers. An offer needs a section; this one receives nothing, and
     * is never used to send: Ion takes no media of a section that began so. A data channel would do as well, but Ion lets
     * whoever offers one send to the whole room, so the relay refuses it to those who may not (`canPublishData`).
     */
    enter<Answer extends SessionDescription>(
      request: (offer: SessionDescription) => Promise<Answer>,
      all: Sending[] = [],
    ): Promise<Answer> {
      preferCodecs(pc.addTransceiver('audio', { direction: 'recvonly' }), {});
      return run(async () => {
        for (const each of all) await add(each);
        return negotiate(request);
      });
    },

    /** What the SFU has taken, after the negotiations under way. */
    settled: () => run(async () => sending()),

    publish: (stream: MediaStream, options: PublishOptions): Promise<Publication> =>
      run(async () => {
        const tracks = stream.getTracks().filter((track) => isLive(track) && !findTrack(track));
        if (tracks.length === 0 && !find((each) => each.stream.id === stream.id))
          throw notNow('No track is live.');
        await send(tracks.map((track) => ({ track, stream, options })));
        return { stream, streamId: stream.id };
      }),

    /** Sends what another connection was sending and is still live. */
    restore: (all: Sending[]) => run(() => send(all.filter(({ track }) => isLive(track)))),

    /** A stream that is not published needs no negotiation. */
    unpublish: (streamId: string) => remove(({ stream }) => stream.id === streamId),

    /** Stops sending what the grants no longer allow, counted as the relay does: by sections. */
    limit({ canPublishSources, maxTracks }: Grants, mayPublish: boolean): Promise<void> {
      const isAllowed = ({ transceiver }: Sent) => {
        const { kind } = transceiver.receiver.track;
        return mayPublish && canPublishSources?.some((source) => kindOf(source) === kind) !== false;
      };
      const place = ({ transceiver: { mid } }: Sent) => localSdp().indexOf(`a=mid:${mid}\r\n`);
      return remove((each) => {
        const allowed = [...sent].filter(isAllowed).sort((one, other) => place(one) - place(other));
        return !allowed.slice(0, maxTracks).includes(each);
      });
    },

    /**
     * A moderator has muted a track at the SFU: nothing is sent of it. Or has unmuted it: it is sent anew, as the SFU does not
     * take the simulcast of a section twice.
     */
    cut: (trackId: string, isCut: boolean): Promise<void> =>
      run(async () => {
        const each = find((candidate) => idOf(candidate) === trackId);
        if (!each) return;
        if (!isCut) return sendAgain(each);
        const { sender } = each.transceiver;
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings ?? []) encoding.active = false;
        await sender.setParameters(parameters);
      }),

    restartIce: () =>
      run(async () => {
        await negotiate(undefined, { iceRestart: true });
      }),

    /** @param error what pending calls are rejected with */
    close(error: RelayClientError): void {
      for (const each of sent) each.track.removeEventListener('ended', ended);
      clearTimeout(layerTimer); // Intervals too (HTML, timers).
      pc.close();
      leave(error);
    },
  };
}

const isLive = (track: MediaStreamTrack) => track.readyState === 'live';
const hasEnded = ({ transceiver }: Sent) => transceiver.sender.track?.readyState === 'ended';
const kindOf = (source: string) => (/audio|microphone/.test(source) ? 'audio' : 'video');
