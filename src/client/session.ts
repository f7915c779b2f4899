import type {
  IceServer,
  JoinResult,
  PeerParams,
  SessionDescription,
  TrickleParams,
} from '../protocol/messages.js';
import type { Control } from './control.js';
import { left, malformed, mediaLost, type RelayClientError } from './errors.js';
import type { Emit } from './events.js';
import { IceRecovery } from './ice-recovery.js';
import { Publisher, type Sending } from './publisher.js';
import { RemoteTracks } from './remote-tracks.js';
import type { Roster } from './roster.js';
import type { Rpc } from './rpc.js';
import { StatsReporter } from './stats-reporter.js';
import { Subscriber } from './subscriber.js';
import { isJoinResult } from './wire.js';

export interface SessionOptions {
  rpc: Rpc;
  roster: Roster;
  /** What is wanted of the streams; it may outlive the session. */
  control: Control;
  muted: WeakSet<MediaStreamTrack>;
  rtcConfiguration: RTCConfiguration;
  statsIntervalMs: number;
  emit: Emit;
  /** The number of the session's peer on the SFU, and that which it is to replace. */
  peer: number;
  before: Session | undefined;
  /** Whether media flows, or is being brought back. */
  onMediaState(isUp: boolean): void;
}

/** How long the connections are there twice: the new ones connect, and the viewers of what is sent receive it anew. */
const OVERLAP_MS = 5_000;

/**
 * The media of one session, from `join` to `leave`: both peer connections and what hangs on them. They may be replaced by
 * others, which are another one of these, while the session on the relay goes on.
 */
export class Session {
  readonly rpc: Rpc;
  readonly roster: Roster;
  readonly publisher: Publisher;
  readonly tracks: RemoteTracks;
  /** The number of the peer on the SFU. */
  readonly peer: number;
  /** Beside this one while it is being replaced, or replaces another. */
  other: Session | undefined;
  /** Resolves when nothing but another session brings the media back. */
  readonly lost: Promise<RelayClientError>;
  readonly #options: SessionOptions;
  readonly #recovery: IceRecovery;
  /** Which of the connections don't work. */
  readonly #down = new Set<'publisher' | 'subscriber'>();
  /** performance.now() when the last missing connection came up; undefined while one is missing. */
  #upSince: number | undefined;
  /** Of the times before. */
  #longestMs = 0;
  /** undefined until the relay has answered the join. */
  receiving: Subscriber | undefined;
  #stats: StatsReporter | undefined;
  #result: JoinResult | undefined;
  isClosed = false;
  #lose: (error: RelayClientError) => void = () => {};

  constructor(options: SessionOptions) {
    const { rpc, roster, control, peer, before } = options;
    this.#options = options;
    this.rpc = rpc;
    this.roster = roster;
    this.peer = peer;
    this.other = before;
    if (before) before.other = this;
    const onError = (error: RelayClientError) => this.#fail(error);
    this.tracks =
      before?.tracks ??
      new RemoteTracks({
        ownerOf: (trackId) => roster.ownerOf(trackId),
        emit: options.emit,
        onMedia: (streamId) => control.say(streamId),
      });
    this.tracks.isOwn = (trackId) =>
      [this, this.other].some((each) =>
        [...(each?.publisher.pc.localDescription?.sdp ?? '').matchAll(/^a=msid:\S+ (\S+)/gm)].some(
          ([, id]) => id === trackId,
        ),
      );
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    this.publisher = new Publisher({
      pc: new RTCPeerConnection(options.rtcConfiguration),
      rpc,
      peer,
      known: before?.publisher.known,
      muted: options.muted,
      onError,
    });
    this.#recovery = new IceRecovery(this.publisher.pc, {
      restart: () => this.publisher.restartIce(),
      onError,
      onUp: () => this.#mark('publisher', true),
      onDown: () => this.#mark('publisher', false),
      onLost: () => this.#lose(mediaLost('sends')),
    });
  }

  get subscriber(): RTCPeerConnection | undefined {
    return this.receiving?.pc;
  }

  /** For how long media has flowed on end, at the longest: the connection that carries it may have broken since. */
  get longestMs(): number {
    return Math.max(this.#longestMs, performance.now() - (this.#upSince ?? Number.POSITIVE_INFINITY));
  }

  /** undefined until the relay has answered the join. */
  get result(): JoinResult | undefined {
    return this.#result;
  }

  async join(
    send: (offer: SessionDescription) => Promise<unknown>,
    sending?: Sending[],
  ): Promise<JoinResult> {
    const result = await this.publisher.join(async (offer) => {
      const answer = await send(offer);
      if (!isJoinResult(answer)) throw malformed('a join without result');
      // At once: the next message may be the SFU's offer.
      if (!this.isClosed) this.#joined(answer);
      return answer;
    }, sending);
    if (this.isClosed) return result;
    this.#stats = new StatsReporter(this.#options, this.publisher.pc, this.subscriber);
    return result;
  }

  /**
   * Joins beside the peer before, sends and receives the same, and has that leave when it has the media.
   * @param joined the relay has taken it
   */
  async replace(before: Session, joined: () => void): Promise<void> {
    const { rpc, peer, publisher } = this;
    const sending = await before.publisher.settled();
    await this.join(async (offer) => {
      const ids = sending.map(({ track }) => [before.publisher.trackIdOf(track), publisher.trackIdOf(track)]);
      const result = await rpc.request('rejoin', { peer, offer, renamed: Object.fromEntries(ids) });
      joined();
      before.retire();
      return result;
    }, sending);
    setTimeout(() => {
      this.other = undefined;
      before.close(left());
      rpc.request('leave', { peer: before.peer }).catch(() => {});
    }, OVERLAP_MS);
  }

  offer({ peer, ...offer }: SessionDescription & PeerParams): void {
    void this.#of(peer)?.receiving?.answer(offer);
  }

  candidate({ peer, target, candidate }: TrickleParams): void {
    const session = this.#of(peer);
    (target === 0 ? session?.publisher : session?.receiving)?.candidates.add(candidate);
  }

  #of(peer = 1): Session | undefined {
    return [this, this.other].find((session) => session?.peer === peer);
  }

  /** Another one has taken its place. */
  retire(): void {
    this.#stats?.close();
    this.#recovery.close();
  }

  /** @param error what calls that are under way are rejected with */
  close(error: RelayClientError): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.retire();
    this.tracks.end(this.receiving);
    this.publisher.close(error);
    this.receiving?.close();
  }

  #joined(result: JoinResult): void {
    const { roster, rtcConfiguration, control } = this.#options;
    this.#result = result;
    roster.reset(result.participants, result.revision);
    const configuration = withIceServers(rtcConfiguration, result.iceServers);
    // The publisher connection is gathering already: its next ICE restart uses them.
    if (configuration !== rtcConfiguration) this.publisher.pc.setConfiguration(configuration);
    this.receiving = new Subscriber({
      pc: new RTCPeerConnection(configuration),
      tracks: this.tracks,
      control,
      rpc: this.rpc,
      peer: this.peer,
      onUp: () => this.#mark('subscriber', true),
      onDown: (error) => {
        this.#lose(error);
        this.#mark('subscriber', false);
      },
      onError: (error) => this.#fail(error),
    });
  }

  /** What fails because the session ends is no news. */
  #fail(error: RelayClientError): void {
    if (!this.isClosed) this.#options.emit('error', error);
  }

  #mark(connection: 'publisher' | 'subscriber', isUp: boolean): void {
    if (isUp) this.#down.delete(connection);
    else this.#down.add(connection);
    const allUp = this.#down.size === 0;
    this.#longestMs = this.longestMs;
    this.#upSince = allUp ? performance.now() : undefined;
    this.#options.onMediaState(allUp);
  }
}

function withIceServers(configuration: RTCConfiguration, iceServers: IceServer[] = []): RTCConfiguration {
  if (iceServers.length === 0) return configuration;
  return { ...configuration, iceServers: [...(configuration.iceServers ?? []), ...iceServers] };
}
