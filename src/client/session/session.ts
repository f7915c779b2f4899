import type { JoinResult, SessionDescription } from '../../protocol/messages.js';
import { left, malformed, mediaLost, type RelayClientError } from '../common/errors.js';
import type { Emit } from '../common/events.js';
import { isJoinResult } from '../common/wire-forms.js';
import type { Rpc } from '../connection/json-rpc.js';
import { recoverIce } from '../media/ice-recovery.js';
import { type PublisherConnection, publisher, type Sending } from '../media/publisher.js';
import { type RemoteTracks, remoteTracks } from '../media/remote-tracks.js';
import { reportStats } from '../media/stats-reporter.js';
import type { StreamControl } from '../media/stream-control.js';
import { type SubscriberConnection, subscriber } from '../media/subscriber.js';
import type { ParticipantList } from '../room/participant-list.js';

interface ClientSessionOptions {
  rpc: Rpc;
  others: ParticipantList;
  /** The stream preferences; they may outlive the session. */
  control: StreamControl;
  muted: WeakSet<MediaStreamTrack>;
  rtcConfiguration: RTCConfiguration;
  statsIntervalMs: number;
  emit: Emit;
  /** The number of the session's peer on the SFU. */
  peer: number;
  /** The session that this one replaces. */
  before: ClientSession | undefined;
  /** The sessions that are not closed: this one, those before it, the next one. It adds and removes itself. */
  sessions: Set<ClientSession>;
  /** `isUp`: media flows; otherwise ICE is being restarted. */
  onMediaState(session: ClientSession, isUp: boolean): void;
}

/** Both pairs of connections exist this long: the new ones connect, and viewers switch to the new tracks. */
const OVERLAP_MS = 5_000;
/** The relay ends an old peer after three times that. */
const MAX_TRIES = 3;

/**
 * The media of one session: both peer connections and their state. Another `ClientSession` may replace it while the session on
 * the relay continues.
 */
export interface ClientSession {
  readonly rpc: Rpc;
  readonly others: ParticipantList;
  readonly upstream: PublisherConnection;
  /** Undefined until the relay has answered the join. */
  downstream: SubscriberConnection | undefined;
  readonly remoteTracks: RemoteTracks;
  /** The number of the peer on the SFU. */
  readonly peer: number;
  /** Resolves when only another session can restore the media. */
  readonly lost: Promise<RelayClientError>;
  /** The longest duration of uninterrupted media, in ms. */
  longestMs(): number;
  /** Undefined until the relay has answered the join. */
  joinResult: JoinResult | undefined;
  /** The SFU has lost the peer: only another session can restore the media. */
  isLost: boolean;
  /** Another session takes over: this one reports nothing any more. */
  isRetired: boolean;
  isClosed: boolean;
  enter(send: (offer: SessionDescription) => Promise<unknown>, sending?: Sending[]): Promise<JoinResult>;
  /**
   * Joins while the earlier session is still there, sends and receives the same tracks, and then lets the earlier one leave.
   * @param joined called when the relay has accepted the join
   */
  replace(before: ClientSession, joined: () => void): Promise<void>;
  /** The relay can be reached again: restarts ICE if necessary. @returns false if only another peer restores the media */
  revive(): boolean;
  /** Ends the restarts of ICE and the reports. */
  retire(): void;
  /** @param error rejects the pending calls */
  close(error: RelayClientError): void;
}

export function createSession(options: ClientSessionOptions): ClientSession {
  const { rpc, others, rtcConfiguration, emit, peer, before, sessions } = options;
  /** performance.now() since when all connections are connected; undefined if one is not. */
  let upSince: number | undefined;
  let longest = 0;
  let endStats: (() => void) | undefined;
  let isFailed = false;
  let resolveLost: (error: RelayClientError) => void;
  const lose = (error: RelayClientError) => {
    isFailed = true;
    resolveLost(error);
  };

  /** Errors caused by the end of the session are not reported. */
  const onError = (error: RelayClientError) => {
    if (!session.isRetired) emit('error', error);
  };
  const mark = (isDown?: boolean) => {
    if (session.isRetired) return;
    // The subscriber connection is new until the SFU offers something.
    const received = session.downstream?.pc.connectionState ?? '';
    const isUp =
      !isDown && sends.pc.connectionState === 'connected' && ['new', 'connected'].includes(received);
    session.longestMs();
    upSince = isUp ? performance.now() : undefined;
    if (isUp || isDown) options.onMediaState(session, isUp);
  };

  const sends = publisher({
    ...options,
    // The next peer gathers before the relay names the ICE servers.
    pc: new RTCPeerConnection(before?.upstream.pc.getConfiguration() ?? rtcConfiguration),
    known: before?.upstream.known,
    onError,
  });
  const recovery = recoverIce(sends.pc, {
    restart: sends.restartIce,
    isReachable: () => rpc.isOpen,
    onError,
    onUp: mark,
    onDown: () => mark(true),
    onLost: () => lose(mediaLost('publisher')),
  });

  const joined = (result: JoinResult) => {
    session.joinResult = result;
    others.reset(result);
    const iceServers = [rtcConfiguration, result].flatMap((each) => each.iceServers ?? []);
    const configuration = { ...rtcConfiguration, iceServers };
    sends.pc.setConfiguration(configuration);
    session.downstream = subscriber({
      ...options,
      pc: new RTCPeerConnection(configuration),
      tracks: session.remoteTracks,
      onUp: mark,
      onDown(error) {
        if (!session.isRetired) lose(error);
        mark(true);
      },
      onError,
    });
  };

  const session: ClientSession = {
    rpc,
    others,
    peer,
    upstream: sends,
    downstream: undefined,
    remoteTracks:
      before?.remoteTracks ??
      remoteTracks({
        emit,
        ownerOf: others.ownerOf,
        isOwn: (trackId) => [...sessions].some(({ upstream }) => upstream.findId(trackId)),
        onMedia: options.control.sendPreference,
      }),
    lost: new Promise((resolve) => {
      resolveLost = resolve;
    }),
    longestMs() {
      const now = performance.now();
      longest = Math.max(longest, now - (upSince ?? now));
      return longest;
    },
    joinResult: undefined,
    isLost: false,
    isRetired: false,
    isClosed: false,

    async enter(send, sending) {
      const result = await sends.enter(async (offer) => {
        const answer = await send(offer);
        if (!isJoinResult(answer)) throw malformed('join result');
        // Synchronously: the next message may be the SFU's offer.
        if (!session.isClosed) joined(answer);
        return answer;
      }, sending);
      if (!session.isRetired) endStats = reportStats(options, sends.pc, session.downstream?.pc);
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
      let tries = 0;
      const release = async () => {
        if (session.isClosed) return;
        tries += 1;
        const old = [...sessions].filter((each) => each.peer < peer);
        // It may take longer until all tracks are there again, above all after the SFU has failed.
        const holds = (each: ClientSession) =>
          (each.isLost || session.isLost || tries < MAX_TRIES) &&
          session.remoteTracks.holds(each.downstream?.pc);
        // A later peer needs its time, too.
        if ([...sessions].at(-1) !== session || old.some(holds)) return void setTimeout(release, OVERLAP_MS);
        for (const each of old) {
          const leaving = each.isLost ? {} : rpc.request('leave', { peer: each.peer }).catch(() => ({}));
          const { afterMs }: { afterMs?: number } = await leaving;
          // Others still receive from it.
          if (afterMs) return void setTimeout(release, afterMs);
          each.close(left());
        }
      };
      setTimeout(release, OVERLAP_MS);
    },

    revive: () => !isFailed && recovery.revive(),

    retire() {
      session.isRetired = true;
      sends.retire();
      endStats?.();
      recovery.stop();
    },

    close(error) {
      if (session.isClosed) return;
      session.isClosed = true;
      sessions.delete(session);
      session.retire();
      session.remoteTracks.closed(session.downstream?.pc);
      sends.close(error);
      session.downstream?.close();
    },
  };
  sessions.add(session);
  return session;
}
