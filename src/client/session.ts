import type { IceServer, JoinResult, SessionDescription, TrickleParams } from '../signal/protocol.js';
import type { Control } from './control.js';
import { malformed, mediaLost, type RelayClientError } from './errors.js';
import type { Emit } from './events.js';
import { IceRecovery } from './ice-recovery.js';
import { Publisher } from './publisher.js';
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
  /** Whether media flows, or is being brought back. */
  onMediaState(isUp: boolean): void;
}

/** The media of one session, from `join` to `leave`: both peer connections and what hangs on them. */
export class Session {
  readonly rpc: Rpc;
  readonly publisher: Publisher;
  readonly tracks: RemoteTracks;
  /** Resolves when nothing but another session brings the media back. */
  readonly lost: Promise<RelayClientError>;
  /** performance.now() when the last missing connection came up; undefined while one is missing. */
  upSince: number | undefined;
  readonly #options: SessionOptions;
  readonly #recovery: IceRecovery;
  /** Which of the connections don't work. */
  readonly #down = new Set<'publisher' | 'subscriber'>();
  #subscriber: Subscriber | undefined;
  #stats: StatsReporter | undefined;
  #result: JoinResult | undefined;
  isClosed = false;
  #lose: (error: RelayClientError) => void = () => {};

  constructor(options: SessionOptions) {
    const { rpc, roster, control } = options;
    this.#options = options;
    this.rpc = rpc;
    const onError = (error: RelayClientError) => this.#fail(error);
    this.tracks = new RemoteTracks({
      ownerOf: (trackId) => roster.ownerOf(trackId),
      emit: options.emit,
      onMedia: (streamId) => control.say(streamId),
    });
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    this.publisher = new Publisher({
      pc: new RTCPeerConnection(options.rtcConfiguration),
      rpc,
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
    return this.#subscriber?.pc;
  }

  /** undefined until the relay has answered the join. */
  get result(): JoinResult | undefined {
    return this.#result;
  }

  async join(send: (offer: SessionDescription) => Promise<unknown>): Promise<JoinResult> {
    const result = await this.publisher.join(async (offer) => {
      const answer = await send(offer);
      if (!isJoinResult(answer)) throw malformed('a join without result');
      // At once: the next message may be the SFU's offer.
      if (!this.isClosed) this.#joined(answer);
      return answer;
    });
    if (this.isClosed) return result;
    this.#stats = new StatsReporter(this.#options, this.publisher.pc, this.subscriber);
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
    this.isClosed = true;
    this.#recovery.close();
    this.#stats?.close();
    this.tracks.endAll();
    this.publisher.close(error);
    this.#subscriber?.close();
  }

  #joined(result: JoinResult): void {
    const { roster, rtcConfiguration, control } = this.#options;
    this.#result = result;
    roster.reset(result.participants, result.revision);
    const configuration = withIceServers(rtcConfiguration, result.iceServers);
    // The publisher connection is gathering already: its next ICE restart uses them.
    if (configuration !== rtcConfiguration) this.publisher.pc.setConfiguration(configuration);
    this.#subscriber = new Subscriber({
      pc: new RTCPeerConnection(configuration),
      tracks: this.tracks,
      control,
      rpc: this.rpc,
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
    this.upSince = allUp ? performance.now() : undefined;
    this.#options.onMediaState(allUp);
  }
}

function withIceServers(configuration: RTCConfiguration, iceServers: IceServer[] = []): RTCConfiguration {
  if (iceServers.length === 0) return configuration;
  return { ...configuration, iceServers: [...(configuration.iceServers ?? []), ...iceServers] };
}
