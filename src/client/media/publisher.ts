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
  /** The ids of all tracks that were sent in this session: Ion accepts none of them again. */
  known?: Set<string | undefined> | undefined;
  /** The tracks that are announced as muted. */
  muted: { has(track: MediaStreamTrack): boolean };
}

/** A track that is being sent, with its options. */
export interface Sending {
  track: MediaStreamTrack;
  stream: MediaStream;
  options: PublishOptions;
  /** The SFU has received it before, by an earlier connection or section. */
  isAgain?: boolean | undefined;
}

/** The sender's track may differ from `track`: the application may replace it. */
interface Sent extends Sending, Layered {}

export type PublisherConnection = ReturnType<typeof publisher>;

/** The publisher connection: the client offers, the SFU answers, one negotiation at a time. */
export function publisher({ pc, rpc, peer, known = new Set(), muted, onError }: PublisherOptions) {
  const candidates = remoteCandidates(pc, onError);
  // Held until the join request is sent: the relay would have to hold them otherwise.
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

  /** A closed peer connection never settles its pending calls (W3C WebRTC): `left` rejects them. */
  const run = <Result>(task: () => Promise<Result>) => Promise.race([queue.run(task), left]);
  const report = (error: unknown) => onError(asClientError(error));
  const find = (isMeant: (each: Sent) => boolean) => [...sent].find(isMeant);
  const findTrack = (track: MediaStreamTrack) => find(({ section }) => section.sender.track === track);
  const localSdp = () => pc.localDescription?.sdp ?? '';
  /** The track's id in the room. */
  const idOf = ({ section: { mid } }: Sent) => readMsid(localSdp(), mid).trackId;
  const findId = (trackId: string) => find((each) => idOf(each) === trackId);
  const trackIdOf = (track: MediaStreamTrack) => {
    const each = findTrack(track);
    return each && idOf(each);
  };
  /** The tracks that the SFU has accepted. */
  const sending = () =>
    [...sent].flatMap<Sending>(({ stream, options, isAgain, section: { sender, currentDirection } }) =>
      sender.track && (currentDirection || isAgain) ? [{ track: sender.track, stream, options }] : [],
    );

  /**
   * @param send sends the offer to the relay; the default is the request `offer`
   * @param gathersLater the answer comes with the ICE servers to gather with
   */
  const negotiate = async <Answer extends SessionDescription>(
    send: (offer: SessionDescription) => Promise<Answer | SessionDescription> = (desc) =>
      rpc.request('offer', { desc, peer }),
    options?: RTCOfferOptions,
    gathersLater?: boolean,
  ): Promise<Answer> => {
    // After an ICE restart the SFU's new candidates may arrive before its answer.
    candidates.hold();
    try {
      const { sdp = '' } = await pc.createOffer(options);
      const offer = { type: 'offer', sdp } as const;
      const gather = () => pc.setLocalDescription(offer);
      if (!gathersLater) await gather();
      const answering = send(offer);
      localCandidates.release();
      const answer = await answering;
      if (!isAnswer(answer)) throw malformed('answer');
      if (gathersLater) await gather();
      await pc.setRemoteDescription({ type: 'answer', sdp: stopSections(answer.sdp, sdp) });
      return answer as Answer;
    } catch (error) {
      // Rolled back (RFC 8829 § 4.1.10.2), so that another offer can be created.
      if (pc.signalingState === 'have-local-offer')
        await pc.setLocalDescription({ type: 'rollback' }).catch(report);
      throw asClientError(error);
    } finally {
      if (pc.remoteDescription) candidates.release();
    }
  };

  const add = async ({ track, stream, options, isAgain }: Sending) => {
    if (options.simulcast)
      layerTimer ??= watchLayers(sent, (each) => run(() => sendAgain(each)).catch(report));
    // Ion accepts a track id only once. A track that is sent again gets a new id from the browser.
    const isNew = !known.has(track.id);
    known.add(track.id);
    const section = pc.addTransceiver(isNew ? track : track.kind, {
      direction: 'sendonly',
      streams: [stream],
      sendEncodings: encodingsFor(track, options),
    });
    sent.add({ track, stream, options, section, isAgain });
    preferCodecs(section, options);
    track.addEventListener('ended', ended);
    if (!isNew) await section.sender.replaceTrack(track);
  };

  /**
   * Stops sending immediately; the next offer informs the SFU. The browser reuses the section for a later transceiver, but this
   * transceiver sends once: Ion may crash when a source sends again (docs/GUARD.md).
   */
  const drop = (each: Sent) => {
    sent.delete(each);
    each.track.removeEventListener('ended', ended);
    if (pc.signalingState === 'closed') return;
    const { section } = each;
    if (section.currentDirection) section.stop();
    else {
      // Chromium continues to offer a stopped transceiver that was never negotiated, and does not offer the next one.
      section.direction = 'inactive';
      section.sender.replaceTrack(null).catch(() => {});
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
        const { currentDirection, sender } = each.section;
        // The next peer sends on what this one can not.
        if (currentDirection || (each.isAgain && error.code === 'ERR_RELAY_REJOIN')) continue;
        // The relay refused the offer, so the SFU has not received it: the track can keep its id.
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

  /** Sends the track again, in a new media section. */
  const sendAgain = async (each: Sent) => {
    const { track } = each.section.sender;
    if (!track || !sent.has(each)) return;
    drop(each);
    await send([{ ...each, track, isAgain: true }]);
  };

  /** One negotiation removes all tracks that end together, such as those of one device. */
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
    findId,

    /**
     * The first negotiation, the same for viewers and publishers. An offer needs a media section. This one is inactive, and is
     * never used to send: Ion accepts no media in a section that was inactive at first. The client offers no data channel instead,
     * because the relay refuses it without the grant `canPublishData`: Ion forwards its messages to the whole room.
     * @param all what the peer before it sends, whose ICE servers it has already
     */
    enter<Answer extends SessionDescription>(
      request: (offer: SessionDescription) => Promise<Answer>,
      all?: Sending[],
    ): Promise<Answer> {
      preferCodecs(pc.addTransceiver('audio', { direction: 'recvonly' }), {});
      return run(async () => {
        for (const each of all ?? []) await add(each);
        return negotiate(request, undefined, !all);
      });
    },

    /** The tracks that the SFU has accepted, after all pending negotiations. */
    settled: () => run(async () => sending()),

    publish: (stream: MediaStream, options: PublishOptions): Promise<Publication> =>
      run(async () => {
        const tracks = stream.getTracks().filter((track) => isLive(track) && !findTrack(track));
        if (tracks.length === 0 && !find((each) => each.stream.id === stream.id))
          throw notNow('No track is live.');
        await send(tracks.map((track) => ({ track, stream, options })));
        return { stream, streamId: stream.id };
      }),

    /** Sends the tracks of an earlier connection that are still live. */
    restore: (all: Sending[]) => run(() => send(all.filter(({ track }) => isLive(track)))),

    /** A stream that is not published needs no negotiation. */
    unpublish: (streamId: string) => remove(({ stream }) => stream.id === streamId),

    /** Stops sending tracks that the grants no longer allow. Counts media sections, as the relay does. */
    restrict({ canPublishSources, maxTracks }: Grants, mayPublish: boolean): Promise<void> {
      const isAllowed = ({ section }: Sent) => {
        const { kind } = section.receiver.track;
        return mayPublish && canPublishSources?.some((source) => kindOf(source) === kind) !== false;
      };
      const place = ({ section: { mid } }: Sent) => localSdp().indexOf(`a=mid:${mid}\r\n`);
      return remove((each) => {
        const allowed = [...sent].filter(isAllowed).sort((one, other) => place(one) - place(other));
        return !allowed.slice(0, maxTracks).includes(each);
      });
    },

    /**
     * A moderator has muted or unmuted a track at the SFU. A muted track is no longer sent. An unmuted one is sent in a new media
     * section, because Ion does not accept simulcast twice in the same one.
     */
    cut: (trackId: string, isCut: boolean): Promise<void> =>
      run(async () => {
        const each = findId(trackId);
        if (!each) return;
        if (!isCut) return sendAgain(each);
        const { sender } = each.section;
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings ?? []) encoding.active = false;
        await sender.setParameters(parameters);
      }),

    restartIce: () =>
      run(async () => {
        await negotiate(undefined, { iceRestart: true });
      }),

    /** Another peer sends the tracks from now on. */
    retire: () => clearTimeout(layerTimer), // Intervals too (HTML, timers).

    /** @param error rejects the pending calls */
    close(error: RelayClientError): void {
      pc.close();
      sent.forEach(drop);
      leave(error);
    },
  };
}

const isLive = (track: MediaStreamTrack) => track.readyState === 'live';
const hasEnded = ({ section }: Sent) => section.sender.track?.readyState === 'ended';
const kindOf = (source: string) => (/audio|microphone/.test(source) ? 'audio' : 'video');
