import type {
  JoinResult,
  MessageReceipt,
  Metadata,
  ModerateParams,
  MuteParams,
  Participant,
  Subscription,
} from '../signal/protocol.js';
import { Control, type Layer } from './control.js';
import { Emitter } from './emitter.js';
import type { PublishOptions } from './encodings.js';
import { left, malformed, notNow, type RelayClientError } from './errors.js';
import type { ClientState, RelayClientEvents } from './events.js';
import { Messages, type SendOptions } from './messages.js';
import type { ClientSettings, JoinOptions } from './options.js';
import type { Publication } from './publisher.js';
import type { RemoteTrack } from './remote-tracks.js';
import { Roster } from './roster.js';
import { type CloseInfo, closed, Rpc } from './rpc.js';
import { Session } from './session.js';
import { Stay } from './stay.js';
import { TokenRefresh } from './token-source.js';
import {
  isDescription,
  isExpiring,
  isGoaway,
  isGrants,
  isMute,
  isParticipantsEvent,
  isRoom,
  isTracksEvent,
  isTrickle,
} from './wire.js';

/**
 * One connection to the relay and, between `join()` and `leave()`, one session with its two peer connections; where
 * these break, the next ones. Made by {@link connect}. Every method that asks the relay rejects with a
 * {@link RelayClientError}; while the client is reconnecting it waits for the new session.
 * @category Client
 */
export class RelayClient extends Emitter<RelayClientEvents> {
  #rpc: Rpc;
  readonly #settings: ClientSettings;
  readonly #roster = new Roster();
  readonly #messages = new Messages(
    (message) => this.#do(() => this.#rpc.request('message', message)),
    (name, ...args) => this.emit(name, ...args),
  );
  #state: ClientState = 'open';
  /** From join() to leave(). */
  #stay: Stay | undefined;
  #session: Session | undefined;
  /** The one under way, or the last. */
  #recovery: Promise<void> | undefined;
  readonly #refresh: TokenRefresh;

  /** @internal */
  constructor(socket: WebSocket, settings: ClientSettings) {
    super();
    this.#settings = settings;
    this.#refresh = new TokenRefresh(() => this.#renew(), this.#emits('error'));
    this.#rpc = this.#speak(socket);
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The others in the room, by session. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#roster.participants;
  }

  /**
   * What `join()` resolved with, or the last recovery; undefined while there is none. `grants`, `role` and `locked` are
   * those of now.
   */
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

  /**
   * Says who we are, where `connect()` was given no token, as the first request; later, brings another token of the same
   * user. The newest one is used again after a reconnect.
   */
  async authenticate(token: string): Promise<{ userId: string | null }> {
    const result = await this.#rpc.request('authenticate', { token });
    this.#settings.tokens.token = token;
    return result;
  }

  /**
   * Joins a room. One session at a time: `leave()` first.
   * @throws RelayClientError the relay's refusal, `ERR_CLIENT_STATE`, `ERR_CLIENT_TIMEOUT`, `ERR_CLIENT_CLOSED`,
   * `ERR_CLIENT_NEGOTIATION`, or `ERR_CLIENT_ABORTED` where `leave()` overtakes it
   */
  async join({ roomId, userId, role, metadata, autoSubscribe = true }: JoinOptions): Promise<JoinResult> {
    if (this.#state !== 'open') throw this.#notNow();
    const config = autoSubscribe ? undefined : { NoAutoSubscribe: 'true' };
    // JSON leaves out what is undefined.
    const params = { sid: roomId, uid: userId, role, metadata, config } as Stay['params'];
    const control = new Control({
      onSpeakers: this.#emits('speakers'),
      onError: this.#emits('error'),
    });
    const stay = new Stay(params, control);
    this.#stay = stay;
    this.#setState('joining');
    try {
      return await this.#enter(stay);
    } catch (error) {
      if (this.#stay === stay) {
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
    return this.#do(({ publisher }) => publisher.publish(stream, options));
  }

  /** Stops sending a stream. Its tracks go on locally: to switch a camera off, `stop()` them. */
  async unpublish(streamOrStreamId: MediaStream | string): Promise<void> {
    const streamId = typeof streamOrStreamId === 'string' ? streamOrStreamId : streamOrStreamId.id;
    const stay = this.#joined();
    // Not even a recovery under way shall send it.
    stay.sending = stay.sending.filter(({ stream }) => stream.id !== streamId);
    return this.#do(({ publisher }) => publisher.unpublish(streamId));
  }

  /** Tells the others that a track of ours is muted, or is not. To mute it is `track.enabled`. */
  async setMuted(track: MediaStreamTrack, muted: boolean): Promise<void> {
    await this.#do(async ({ publisher }, stay) => {
      const trackId = publisher.trackIdOf(track);
      if (trackId === undefined) throw notNow('The track is not published.');
      if (muted) stay.muted.add(track);
      else stay.muted.delete(track);
      await this.#rpc.request('update', { tracks: [{ trackId, muted }] });
    });
  }

  /** Tells the others something new of oneself: JSON, of up to 4 KiB. */
  async setMetadata(metadata: Metadata): Promise<void> {
    await this.#do(async (_, { params }) => {
      await this.#rpc.request('update', { metadata });
      params.metadata = metadata;
    });
  }

  /**
   * Sends a message of a kind that the application has declared (`messages` of SfuRelay). Where the connection breaks
   * it is sent again on the next one, and carried out once.
   */
  async send(kind: string, data: unknown, options?: SendOptions): Promise<MessageReceipt> {
    return this.#messages.send(kind, data, options);
  }

  /** `send('chat', { text })` */
  async chat(text: string, options?: SendOptions): Promise<MessageReceipt> {
    return this.send('chat', { text }, options);
  }

  /** `send('gift', { gift, count })`: it is carried out once, whatever breaks. */
  async sendGift(
    gift: string,
    { count = 1, ...options }: SendOptions & { count?: number } = {},
  ): Promise<MessageReceipt> {
    return this.send('gift', { gift, count }, options);
  }

  /** Gathers likes for 250 ms, and sends their sum: call it for each. */
  like(count = 1): void {
    this.#joined();
    this.#messages.like(count);
  }

  /** Which of the room's tracks to receive. `layer` is one of the track's `layers`, left out where it has none. */
  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    await this.#do(async (_, stay) => {
      await this.#rpc.request('subscribe', { subscriptions: [...subscriptions] });
      for (const each of subscriptions) stay.subscriptions.set(each.trackId, each);
    });
  }

  /** Which simulcast layer of a stream to receive. Remembered, so that it may come before the stream's media. */
  setLayer(streamId: string, layer: Layer): void {
    this.#joined().control.wish(streamId, { layer });
  }

  /** Whether the SFU sends us a stream's video, audio: what is left out stays as it is. */
  setReceiving(streamId: string, { video, audio }: { video?: boolean; audio?: boolean }): void {
    this.#joined().control.wish(streamId, { video, audio });
  }

  /**
   * Moderates the room, where our grants say `roomAdmin` (docs/MODERATION.md).
   * @throws RelayClientError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`
   */
  async moderate(params: ModerateParams): Promise<void> {
    await this.#do(() => this.#rpc.request('moderate', params));
  }

  /** Restarts ICE of the connection that sends; done by itself when that connection fails. */
  async restartIce(): Promise<void> {
    return this.#do(({ publisher }) => publisher.restartIce());
  }

  /**
   * Ends the session and both peer connections; the WebSocket stays open for another `join()`. Where a recovery finds
   * it closed, that is the end: as `close()`.
   */
  async leave(): Promise<void> {
    const session = this.#session;
    if (!this.#stay) return;
    if (!this.#rpc.isOpen) return this.close();
    this.#end();
    const left = this.#rpc.request('leave');
    // Of a join under way nobody can say whether there is something to leave yet.
    await (session?.result ? left : left.catch(() => {}));
  }

  /** Leaves, and closes the WebSocket. May be called again. */
  close(): void {
    this.#finish(closed(1000, ''));
  }

  #speak(socket: WebSocket): Rpc {
    return new Rpc(socket, {
      requestTimeoutMs: this.#settings.requestTimeoutMs,
      onNotification: (method, params) => this.#notified(method, params),
      onError: this.#emits('error'),
      onClose: (error) => {
        this.#refresh.stop();
        // A recovery notices by itself.
        if (this.#state === 'reconnecting') return;
        if (this.#isCurable(error) && this.#isJoined && this.#settings.dial) this.#recover(error);
        else this.#finish(error);
      },
    });
  }

  /** Another session, with all that is wanted of it. */
  async #enter(stay: Stay): Promise<JoinResult> {
    const rpc = this.#rpc;
    const session = new Session({
      ...this.#settings,
      rpc,
      roster: this.#roster,
      control: stay.control,
      onTrack: this.#emits('track'),
      onTrackEnded: this.#emits('trackended'),
      onStats: this.#emits('stats'),
      onMediaState: (isUp) => {
        if (this.#isJoined) this.#setState(isUp ? 'joined' : 'reconnecting-media');
      },
      onError: this.#emits('error'),
    });
    this.#session = session;
    const result = await session.join(async (offer) => {
      const answer = await rpc.request('join', { ...stay.params, offer });
      if (this.#session === session) this.#messages.joined(answer?.messages);
      // leave() came too early for the relay.
      if (this.#session !== session) rpc.request('leave').catch(() => {});
      return answer;
    });
    stay.params.uid = result.userId;
    await stay.restore(session, rpc, this.#roster).catch((error: RelayClientError) => {
      if (error.retryable || !rpc.isOpen || this.#session !== session) throw error;
      // What is refused now is no reason to do without the rest.
      this.emit('error', error);
    });
    this.#setState('joined');
    void session.lost.then((error) => {
      if (this.#session !== session) return;
      if (this.#settings.dial) this.#recover(error);
      else this.emit('error', error);
    });
    return result;
  }

  /** The token may have expired while nobody could bring another one: the machine slept. */
  #isCurable({ retryable, cause }: RelayClientError): boolean {
    return retryable || (this.#settings.tokens.isLasting && (cause as CloseInfo).code === 4401);
  }

  async #renew(): Promise<void> {
    const rpc = this.#rpc;
    const token = await this.#settings.tokens.next();
    if (token !== undefined && rpc.isOpen) await rpc.request('authenticate', { token });
  }

  get #isJoined(): boolean {
    return this.#state === 'joined' || this.#state === 'reconnecting-media';
  }

  #recover(error: RelayClientError): void {
    const stay = this.#stay;
    const session = this.#session;
    if (!stay || !session) return;
    this.#state = 'reconnecting';
    const recovery = stay.replace(session, error, () => this.#reenter(stay));
    this.#recovery = recovery;
    recovery.catch((reason) => {
      if (this.#stay === stay) this.#finish(reason);
    });
    // What is left of it on the relay.
    this.#rpc.request('leave').catch(() => {});
    this.#drop(error);
    this.emit('state', this.#state);
  }

  async #reenter(stay: Stay): Promise<void> {
    try {
      if (!this.#rpc.isOpen) {
        const dialled = await this.#settings.dial?.(stay.signal);
        if (dialled) this.#rpc = this.#speak(dialled.socket);
        if (dialled?.unsaid !== undefined) await this.authenticate(dialled.unsaid);
      }
      stay.signal.throwIfAborted();
      await this.#enter(stay);
    } catch (error) {
      const isOurs = this.#stay === stay;
      // It is asked again: of the other failures somebody hears when they are the last.
      if (isOurs && (error as RelayClientError).code === 'ERR_CLIENT_TOKEN')
        this.emit('error', error as RelayClientError);
      if (isOurs) this.#drop(error as RelayClientError);
      if (isOurs || this.#state === 'closed') this.#rpc.close();
      throw error;
    }
  }

  #notNow(): RelayClientError {
    return notNow(`Not possible in the state "${this.#state}".`);
  }

  #joined(): Stay {
    if (!this.#stay || this.#state === 'joining') throw this.#notNow();
    return this.#stay;
  }

  /** In the session, or in the next one where this one is being replaced. */
  async #do<Result>(task: (session: Session, stay: Stay) => Promise<Result>): Promise<Result> {
    for (;;) {
      const stay = this.#joined();
      if (this.#state === 'reconnecting') await this.#recovery;
      const session = this.#session;
      if (!session || this.#state === 'reconnecting') continue;
      try {
        return await task(session, stay);
      } catch (error) {
        if (this.#session === session || this.#stay !== stay) throw error;
      }
    }
  }

  #notified(method: string, params: unknown): void {
    if (method === 'goaway' && isGoaway(params)) {
      if (this.#stay) this.#stay.earliest = Date.now() + params.reconnectAfterMs;
      this.emit('goaway', params);
    } else if (method === 'expiring' && isExpiring(params)) {
      if (this.#settings.tokens.isLasting) this.#refresh.begin(params.expiresInMs);
      this.emit('expiring', params);
    } else if (method === 'offer' && isDescription(params, 'offer')) this.#session?.offer(params);
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
    } else if (method === 'grants' && isGrants(params)) {
      const session = this.#session;
      if (!session?.result) return;
      Object.assign(session.result, params);
      this.#watch(session.publisher.limit(params.grants, params.role === 'publisher'));
      this.emit('grants', params);
    } else if (method === 'mute' && isMute(params)) {
      this.#watch(this.#cut(params));
      this.emit('mute', params);
    } else if (method === 'room' && isRoom(params)) {
      Object.assign(this.#session?.result ?? {}, params);
      this.emit('room', params);
    } else if (method === 'message' && this.#messages.received(params)) return;
    else if (KNOWN.has(method)) this.emit('error', malformed(`a malformed "${method}" notification`));
  }

  /** What fails because the session ends is no news. */
  #watch(task: Promise<unknown>): void {
    const session = this.#session;
    task.catch((error) => this.#session === session && this.emit('error', error));
  }

  async #cut({ trackId, muted }: MuteParams): Promise<void> {
    const again = await this.#session?.publisher.cut(trackId, muted);
    if (again && this.#stay?.muted.has(again)) await this.setMuted(again, true);
  }

  #roomChanged(gone: readonly { trackId: string }[]): void {
    this.#session?.tracks.withdrawn(gone.map(({ trackId }) => trackId));
    this.#session?.tracks.announced();
  }

  /** The session's end, on this side. */
  #end(error = left()): void {
    this.#stay?.end(error);
    this.#stay = undefined;
    this.#messages.forget();
    this.#drop(error);
    if (this.#state !== 'closed') this.#setState('open');
  }

  #drop(error: RelayClientError): void {
    const session = this.#session;
    this.#session = undefined;
    this.#roster.reset();
    session?.close(error);
  }

  #finish(error: RelayClientError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#refresh.stop();
    this.#end(error);
    this.#rpc.close();
    this.emit('state', 'closed');
    const { message: reason, retryable } = error;
    this.emit(
      'close',
      error.code === 'ERR_CLIENT_CLOSED'
        ? (error.cause as CloseInfo)
        : { code: 1006, reason, retryable, error },
    );
  }

  #emits<Name extends keyof RelayClientEvents>(name: Name) {
    return (...args: RelayClientEvents[Name]) => this.emit(name, ...args);
  }

  #setState(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit('state', state);
  }
}

/** Others are a later relay's, and none of our business. */
const KNOWN = new Set([
  'expiring',
  'goaway',
  'offer',
  'trickle',
  'participants',
  'tracks',
  'message',
  'grants',
  'mute',
  'room',
]);
