import type { JoinResult, PeerParams, SessionDescription, TrickleParams } from '../../protocol/messages.js';
import { left, malformed, mediaLost, type RelayClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { isJoinResult } from '../common/wire-forms.js';
import type { Rpc } from '../connection/json-rpc.js';
import { recoverIce } from '../media/ice-recovery.js';
import { type Publisher, publisher, type Sending } from '../media/publisher.js';
import { type RemoteTracks, remoteTracks } from '../media/remote-tracks.js';
import { reportStats } from '../media/stats-reporter.js';
import type { StreamControl } from '../media/stream-control.js';
import { type Subscriber, subscriber } from '../media/subscriber.js';
import type { ParticipantList } from '../room/participant-list.js';

interface SessionOptions {
  rpc: Rpc;
  roster: ParticipantList;
  /** The stream preferences, which may outlive the session. */
  control: StreamControl;
  muted: WeakSet<MediaStreamTrack>;
  rtcConfiguration: RTCConfiguration;
  statsIntervalMs: number;
  emit: Emit;
  /** The number of the session's peer on the SFU, and the session whose peer it is to replace. */
  peer: number;
  before: Session | undefined;
  /** Whether media flows, or is being recovered. */
  onMediaState(session: Session, isUp: boolean): void;
}

/** How long both pairs of connections exist: the new ones connect, and viewers receive what is sent anew. */
const OVERLAP_MS = 5_000;

/**
 * The media of one session, from `join` to `leave`: both peer connections and what belongs to them. Another one of these may
 * replace them while the session on the relay goes on.
 */
export interface Session {
  readonly rpc: Rpc;
  readonly roster: ParticipantList;
  readonly upstream: Publisher;
  /** undefined until the relay has answered the join. */
  downstream: Subscriber | undefined;
  readonly remoteTracks: RemoteTracks;
  /** The number of the peer on the SFU. */
  readonly peer: number;
  /** The one that replaces this one, or is replaced by it; undefined once that is done. */
  other: Session | undefined;
  /** Resolves when only another session can bring the media back. */
  readonly lost: Promise<RelayClientError>;
  /** For how long media has flowed on end, at the longest: the connection that carries it may have broken since. */
  longestMs(): number;
  /** undefined until the relay has answered the join. */
  joinResult: JoinResult | undefined;
  isClosed: boolean;
  enter(send: (offer: SessionDescription) => Promise<unknown>, sending?: Sending[]): Promise<JoinResult>;
  /**
   * Joins beside the session before, sends and receives the same, and lets that leave when it has the media.
   * @param joined the relay has accepted it
   */
  replace(before: Session, joined: () => void): Promise<void>;
  receiveOffer(offer: SessionDescription & PeerParams): void;
  receiveCandidate(params: TrickleParams): void;
  /** Another session has taken its place. */
  retire(): void;
  /** @param error what pending calls are rejected with */
  close(error: RelayClientError): void;
}

export function createSession(options: SessionOptions): Session {
  const { rpc, roster, rtcConfiguration, emit, peer, before } = options;
  /** The connections that don't work. */
  const down = new Set<'publisher' | 'subscriber'>();
  /** performance.now() when the last missing connection came up; undefined while one is missing. */
  let upSince: number | undefined;
  let longest = 0;
  let endStats: (() => void) | undefined;
  let lose: (error: RelayClientError) => void;

  /** Errors caused by the end of the session are not reported. */
  const onError = (error: RelayClientError) => {
    if (!session.isClosed) emit('error', error);
  };
  const mark = (connection: 'publisher' | 'subscriber', isUp: boolean) => {
    if (isUp) down.delete(connection);
    else down.add(connection);
    const allUp = down.size === 0;
    session.longestMs();
    upSince = allUp ? performance.now() : undefined;
    options.onMediaState(session, allUp);
  };
  const ofPeer = (number = 1) => [session, session.other].find((each) => each?.peer === number);

  const sends = publisher({
    ...options,
    pc: new RTCPeerConnection(rtcConfiguration),
    known: before?.upstream.known,
    onError,
  });
  const endRecovery = recoverIce(sends.pc, {
    restart: sends.restartIce,
    onError,
    onUp: () => mark('publisher', true),
    onDown: () => mark('publisher', false),
    onLost: () => lose(mediaLost('publisher')),
  });

  const joined = (result: JoinResult) => {
    session.joinResult = result;
    roster.reset(result.participants, result.revision);
    const iceServers = [...(rtcConfiguration.iceServers ?? []), ...(result.iceServers ?? [])];
    const configuration = { ...rtcConfiguration, iceServers };
    // The publisher connection is gathering already: its next ICE restart uses them.
    sends.pc.setConfiguration(configuration);
    session.downstream = subscriber({
      ...options,
      pc: new RTCPeerConnection(configuration),
      tracks: session.remoteTracks,
      onUp: () => mark('subscriber', true),
      onDown(error) {
        lose(error);
        mark('subscriber', false);
      },
      onError,
    });
  };

  const session: Session = {
    rpc,
    roster,
    peer,
    upstream: sends,
    downstream: undefined,
    remoteTracks:
      before?.remoteTracks ??
      remoteTracks({ ownerOf: roster.ownerOf, emit, onMedia: options.control.sendPreference }),
    other: before,
    lost: new Promise((resolve) => {
      lose = resolve;
    }),
    longestMs() {
      const now = performance.now();
      longest = Math.max(longest, now - (upSince ?? now));
      return longest;
    },
    joinResult: undefined,
    isClosed: false,

    async enter(send, sending) {
      const result = await sends.enter(async (offer) => {
        const answer = await send(offer);
        if (!isJoinResult(answer)) throw malformed('join result');
        // At once: the next message may be the SFU's offer.
        if (!session.isClosed) joined(answer);
        return answer;
      }, sending);
      if (!session.isClosed) endStats = reportStats(options, sends.pc, session.downstream?.pc);
      return result;
    },

    async replace(before, joined) {
      const sending = await before.upstream.settled();
      await session.enter(async (offer) => {
        const ids = sending.map(({ track }) => [before.upstream.trackIdOf(track), sends.trackIdOf(track)]);
        const result = await rpc.request('rejoin', { peer, offer, renamed: Object.fromEntries(ids) });
        joined();
        before.retire();
        return result;
      }, sending);
      setTimeout(() => {
        session.other = undefined;
        before.close(left());
        rpc.request('leave', { peer: before.peer }).catch(() => {});
      }, OVERLAP_MS);
    },

    receiveOffer({ peer, ...offer }) {
      void ofPeer(peer)?.downstream?.answerOffer(offer);
    },

    receiveCandidate({ peer, target, candidate }) {
      const { upstream: publisher, downstream: subscriber } = ofPeer(peer) ?? {};
      (target === 0 ? publisher : subscriber)?.candidates.receive(candidate);
    },

    retire() {
      endStats?.();
      endRecovery();
    },

    close(error) {
      if (session.isClosed) return;
      session.isClosed = true;
      session.retire();
      session.remoteTracks.closed(session.downstream?.pc);
      sends.close(error);
      session.downstream?.close();
    },
  };
  if (before) before.other = session;
  session.remoteTracks.isOwn = (trackId) =>
    [session, session.other].some((each) =>
      each?.upstream
        .localSdp()
        .match(/^a=msid:.+/gm)
        ?.some((line) => line.endsWith(` ${trackId}`)),
    );
  return session;
}
