import type {
  IceCandidate,
  IceServer,
  JoinResult,
  SessionDescription,
  SessionStats,
  TrickleParams,
} from '../signal/protocol.js';
import { Control } from './control.js';
import { RelayClientError } from './errors.js';
import { IceRecovery } from './ice-recovery.js';
import { Publisher } from './publisher.js';
import { type RemoteTrack, RemoteTracks } from './remote-tracks.js';
import type { Roster } from './roster.js';
import type { Rpc } from './rpc.js';
import { StatsReporter } from './stats-reporter.js';
import { Subscriber } from './subscriber.js';
import { isJoinResult } from './wire.js';

export interface SessionOptions {
  rpc: Rpc;
  roster: Roster;
  rtcConfiguration: RTCConfiguration;
  statsIntervalMs: number;
  onTrack(remote: RemoteTrack): void;
  onTrackEnded(remote: RemoteTrack): void;
  onSpeakers(streamIds: string[]): void;
  onStats(stats: SessionStats, report: RTCStats[]): void;
  /** Whether media flows, or is being brought back. */
  onMediaState(isUp: boolean): void;
  onError(error: RelayClientError): void;
}

/** The media of one session, from `join` to `leave`: both peer connections and what hangs on them. */
export class Session {
  readonly publisher: Publisher;
  readonly control: Control;
  readonly tracks: RemoteTracks;
  readonly #options: SessionOptions;
  readonly #recovery: IceRecovery;
  /** Which of the connections don't work. */
  readonly #down = new Set<'publisher' | 'subscriber'>();
  #subscriber: Subscriber | undefined;
  #stats: StatsReporter | undefined;
  #result: JoinResult | undefined;
  #closed = false;

  constructor(options: SessionOptions) {
    const { rpc, roster } = options;
    this.#options = options;
    const onError = (error: RelayClientError) => this.#fail(error);
    this.control = new Control({ ...options, onError });
    this.tracks = new RemoteTracks({
      ownerOf: (trackId) => roster.ownerOf(trackId),
      onTrack: options.onTrack,
      onEnded: options.onTrackEnded,
      onMedia: (streamId) => this.control.say(streamId),
    });
    this.publisher = new Publisher({
      pc: new RTCPeerConnection(options.rtcConfiguration),
      sendOffer: (desc) => rpc.request('offer', { desc }),
      sendCandidate: (candidate) => rpc.notify('trickle', { target: 0, candidate }),
      onError,
    });
    this.#recovery = new IceRecovery(this.publisher.pc, {
      restart: () => this.#restart(),
      onUp: () => this.#mark('publisher', true),
      onDown: () => this.#mark('publisher', false),
      onLost: () => onError(lost()),
    });
  }

  get subscriber(): RTCPeerConnection | undefined {
    return this.#subscriber?.pc;
  }

  /** undefined until the relay has answered the join. */
  get result(): JoinResult | undefined {
    return this.#result;
  }

  async join(send: (offer: SessionDescription) => Promise<unknown>): Promise<JoinResult> {
    const result = await this.publisher.join(async (offer) => {
      const answer = await send(offer);
      if (!isJoinResult(answer)) throw new RelayClientError('ERR_CLIENT_PROTOCOL', 'The join has no result.');
      // At once: the next message may be the SFU's offer.
      if (!this.#closed) this.#joined(answer);
      return answer;
    });
    if (this.#closed) return result;
    this.#stats = new StatsReporter({
      intervalMs: this.#options.statsIntervalMs,
      connections: [this.publisher.pc, this.subscriber].filter((pc) => pc !== undefined),
      send: (report) => this.#options.rpc.request('stats', { report }),
      onStats: this.#options.onStats,
      onError: (error) => this.#fail(error),
    });
    return result;
  }

  offer(offer: SessionDescription): void {
    void this.#subscriber?.answer(offer);
  }

  candidate({ target, candidate }: TrickleParams): void {
    if (target === 0) this.publisher.candidates.add(candidate);
    else this.#subscriber?.candidates.add(candidate);
  }

  /** @param error what calls that are under way are rejected with */
  close(error: RelayClientError): void {
    this.#closed = true;
    this.#recovery.close();
    this.#stats?.close();
    this.control.close();
    this.tracks.endAll();
    this.publisher.close(error);
    this.#subscriber?.close();
  }

  #joined(result: JoinResult): void {
    const { rpc, roster, rtcConfiguration } = this.#options;
    this.#result = result;
    roster.reset(result.participants, result.revision);
    const configuration = withIceServers(rtcConfiguration, result.iceServers);
    // The publisher connection is gathering already: its next ICE restart uses them.
    if (configuration !== rtcConfiguration) this.publisher.pc.setConfiguration(configuration);
    this.#subscriber = new Subscriber({
      pc: new RTCPeerConnection(configuration),
      tracks: this.tracks,
      control: this.control,
      sendAnswer: (desc) => rpc.notify('answer', { desc }),
      sendCandidate: (candidate: IceCandidate) => rpc.notify('trickle', { target: 1, candidate }),
      onUp: () => this.#mark('subscriber', true),
      onDown: (error) => {
        this.#mark('subscriber', false);
        this.#fail(error);
      },
      onError: (error) => this.#fail(error),
    });
  }

  async #restart(): Promise<void> {
    try {
      await this.publisher.restartIce();
    } catch (error) {
      this.#fail(RelayClientError.from(error, 'The ICE restart failed'));
      throw error;
    }
  }

  /** What fails because the session ends is no news. */
  #fail(error: RelayClientError): void {
    if (!this.#closed) this.#options.onError(error);
  }

  #mark(connection: 'publisher' | 'subscriber', isUp: boolean): void {
    if (isUp) this.#down.delete(connection);
    else this.#down.add(connection);
    this.#options.onMediaState(this.#down.size === 0);
  }
}

function withIceServers(configuration: RTCConfiguration, iceServers: IceServer[] = []): RTCConfiguration {
  if (iceServers.length === 0) return configuration;
  return { ...configuration, iceServers: [...(configuration.iceServers ?? []), ...iceServers] };
}

function lost(): RelayClientError {
  const message =
    'The connection that sends media has failed, and ICE restarts did not help: leave and join.';
  return new RelayClientError('ERR_CLIENT_MEDIA_LOST', message, { retryable: true });
}
