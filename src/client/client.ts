import type {
  JoinParams,
  JoinResult,
  Metadata,
  Participant,
  Role,
  Subscription,
} from '../signal/protocol.js';
import type { Layer } from './control.js';
import { Emitter } from './emitter.js';
import type { PublishOptions } from './encodings.js';
import { left, malformed, notNow, type RelayClientError } from './errors.js';
import type { ClientState, RelayClientEvents } from './events.js';
import type { Publication } from './publisher.js';
import type { RemoteTrack } from './remote-tracks.js';
import { Roster } from './roster.js';
import { type CloseInfo, Rpc } from './rpc.js';
import { Session } from './session.js';
import { isDescription, isGoaway, isParticipantsEvent, isTracksEvent, isTrickle } from './wire.js';

/**
 * Which room to join, and how.
 * @category Client
 */
export interface JoinOptions {
  roomId: string;
  /** What authentication says wins; without either the relay makes one up. */
  userId?: string;
  /** @default publisher where the grants allow it, else subscriber */
  role?: Role;
  /**
   * Receive every track of the room. Otherwise only what `subscribe()` asks for.
   * @default true
   */
  autoSubscribe?: boolean;
  /** What to tell the room of oneself: JSON, of up to 4 KiB. */
  metadata?: Metadata;
}

/** @internal */
export interface ClientSettings {
  requestTimeoutMs: number;
  rtcConfiguration: RTCConfiguration;
  statsIntervalMs: number;
}

/**
 * One connection to the relay and, between `join()` and `leave()`, one session with its two peer connections.
 * Made by {@link connect}. Every method that asks the relay rejects with a {@link RelayClientError}.
 * @category Client
 */
export class RelayClient extends Emitter<RelayClientEvents> {
  readonly #rpc: Rpc;
  readonly #settings: ClientSettings;
  readonly #roster = new Roster();
  #state: ClientState = 'open';
  #session: Session | undefined;

  /** @internal */
  constructor(socket: WebSocket, settings: ClientSettings) {
    super();
    this.#settings = settings;
    this.#rpc = new Rpc(socket, {
      requestTimeoutMs: settings.requestTimeoutMs,
      onNotification: (method, params) => this.#notified(method, params),
      onError: (error) => this.emit('error', error),
      onClose: (info, error) => this.#closed(info, error),
    });
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The others in the room, by session. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#roster.participants;
  }

  /** What `join()` resolved with. */
  get session(): JoinResult | undefined {
    return this.#session?.result;
  }

  /** What is being received. */
  get tracks(): readonly RemoteTrack[] {
    return this.#session?.tracks.list ?? [];
  }

  /** The connection that sends media, for what this library does not offer. */
  get publisher(): RTCPeerConnection | undefined {
    return this.#session?.publisher.pc;
  }

  /** The connection that receives media, for what this library does not offer. */
  get subscriber(): RTCPeerConnection | undefined {
    return this.#session?.subscriber;
  }

  /** Says who we are, where `connect()` was given no token. As the first request. */
  async authenticate(token: string): Promise<{ userId: string | null }> {
    return this.#rpc.request('authenticate', { token });
  }

  /**
   * Joins a room. One session at a time: `leave()` first.
   * @throws RelayClientError the relay's refusal, `ERR_CLIENT_STATE`, `ERR_CLIENT_TIMEOUT`, `ERR_CLIENT_CLOSED`,
   * `ERR_CLIENT_NEGOTIATION`, or `ERR_CLIENT_ABORTED` where `leave()` overtakes it
   */
  async join({ roomId, userId, role, metadata, autoSubscribe = true }: JoinOptions): Promise<JoinResult> {
    if (this.#state !== 'open')
      throw notNow(`join() needs an open connection without a session, not "${this.#state}".`);
    const params: Omit<JoinParams, 'offer'> = {
      sid: roomId,
      ...(userId !== undefined && { uid: userId }),
      ...(role !== undefined && { role }),
      ...(metadata !== undefined && { metadata }),
      ...(!autoSubscribe && { config: { NoAutoSubscribe: 'true' } }),
    };
    const session = this.#open();
    try {
      const result = await session.join(async (offer) => {
        const answer = await this.#rpc.request('join', { ...params, offer });
        // leave() came too early for the relay.
        if (this.#session !== session) this.#rpc.request('leave').catch(() => {});
        return answer;
      });
      if (this.#session === session) this.#setState('joined');
      return result;
    } catch (error) {
      if (this.#session === session) {
        this.#end();
        // The relay may have joined us all the same.
        this.#rpc.request('leave').catch(() => {});
      }
      throw error;
    }
  }

  /**
   * Sends a stream's live tracks; those of it that are sent already stay as they are. A track that ends is
   * unpublished by itself.
   * @returns once the SFU has answered
   * @throws RelayClientError the relay's refusal; nothing of the stream is sent then
   */
  async publish(stream: MediaStream, options: PublishOptions = {}): Promise<Publication> {
    return this.#joined('publish').publisher.publish(stream, options);
  }

  /** Stops sending a stream. Its tracks go on locally: to switch a camera off, `stop()` them. */
  async unpublish(streamOrStreamId: MediaStream | string): Promise<void> {
    const streamId = typeof streamOrStreamId === 'string' ? streamOrStreamId : streamOrStreamId.id;
    return this.#joined('unpublish').publisher.unpublish(streamId);
  }

  /** Tells the others that a track of ours is muted, or is not. To mute it is `track.enabled`. */
  async setMuted(track: MediaStreamTrack, muted: boolean): Promise<void> {
    const trackId = this.#joined('setMuted').publisher.trackIdOf(track);
    if (trackId === undefined) throw notNow('The track is not published.');
    await this.#rpc.request('update', { tracks: [{ trackId, muted }] });
  }

  /** Tells the others something new of oneself: JSON, of up to 4 KiB. */
  async setMetadata(metadata: Metadata): Promise<void> {
    this.#joined('setMetadata');
    await this.#rpc.request('update', { metadata });
  }

  /** Which of the room's tracks to receive. `layer` is one of the track's `layers`, left out where it has none. */
  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    this.#joined('subscribe');
    await this.#rpc.request('subscribe', { subscriptions: [...subscriptions] });
  }

  /** Which simulcast layer of a stream to receive. Remembered, so that it may come before the stream's media. */
  setLayer(streamId: string, layer: Layer): void {
    this.#joined('setLayer').control.wish(streamId, { layer });
  }

  /** Whether the SFU sends us a stream's video, audio: what is left out stays as it is. */
  setReceiving(streamId: string, { video, audio }: { video?: boolean; audio?: boolean }): void {
    this.#joined('setReceiving').control.wish(streamId, {
      ...(video !== undefined && { video }),
      ...(audio !== undefined && { audio }),
    });
  }

  /** Restarts ICE of the connection that sends; done by itself when that connection fails. */
  async restartIce(): Promise<void> {
    return this.#joined('restartIce').publisher.restartIce();
  }

  /** Ends the session and both peer connections; the WebSocket stays open for another `join()`. */
  async leave(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    this.#end();
    const left = this.#rpc.request('leave');
    // Of a join under way nobody can say whether there is something to leave yet.
    await (session.result ? left : left.catch(() => {}));
  }

  /** Leaves, and closes the WebSocket. May be called again. */
  close(): void {
    this.#rpc.close();
  }

  #open(): Session {
    const session = new Session({
      ...this.#settings,
      rpc: this.#rpc,
      roster: this.#roster,
      onTrack: (remote) => this.emit('track', remote),
      onTrackEnded: (remote) => this.emit('trackended', remote),
      onSpeakers: (streamIds) => this.emit('speakers', streamIds),
      onStats: (stats, report) => this.emit('stats', stats, report),
      onMediaState: (isUp) => {
        if (this.#state === 'joined' || this.#state === 'reconnecting-media')
          this.#setState(isUp ? 'joined' : 'reconnecting-media');
      },
      onError: (error) => this.emit('error', error),
    });
    this.#session = session;
    this.#setState('joining');
    return session;
  }

  #joined(method: string): Session {
    if (!this.#session || this.#state === 'joining')
      throw notNow(`${method}() needs a session: join() first.`);
    return this.#session;
  }

  #notified(method: string, params: unknown): void {
    if (method === 'goaway' && isGoaway(params)) this.emit('goaway', params);
    else if (method === 'offer' && isDescription(params, 'offer')) this.#session?.offer(params);
    else if (method === 'trickle' && isTrickle(params)) this.#session?.candidate(params);
    else if (method === 'participants' && isParticipantsEvent(params)) {
      if (!this.#session || !this.#roster.applyParticipants(params)) return;
      const { state, participant } = params;
      this.emit('participants', params);
      this.#roomChanged(state === 'left' ? participant.tracks : []);
    } else if (method === 'tracks' && isTracksEvent(params)) {
      if (!this.#session || !this.#roster.applyTracks(params)) return;
      this.emit('tracks', params);
      this.#roomChanged(params.state === 'removed' ? params.tracks : []);
    } else if (KNOWN.has(method)) this.emit('error', malformed(`a malformed "${method}" notification`));
  }

  #roomChanged(gone: readonly { trackId: string }[]): void {
    this.#session?.tracks.withdrawn(gone.map(({ trackId }) => trackId));
    this.#session?.tracks.announced();
  }

  /** The session's end, on this side. */
  #end(error = left()): void {
    const session = this.#session;
    this.#session = undefined;
    this.#roster.reset();
    session?.close(error);
    if (this.#state !== 'closed') this.#setState('open');
  }

  #closed(info: CloseInfo, error: RelayClientError): void {
    this.#state = 'closed';
    this.#end(error);
    this.emit('state', 'closed');
    this.emit('close', info);
  }

  #setState(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit('state', state);
  }
}

/** Others are a later relay's, and none of our business. */
const KNOWN = new Set(['goaway', 'offer', 'trickle', 'participants', 'tracks']);
