import type {
  Audience,
  JoinResult,
  MessageReceipt,
  Metadata,
  ModerateParams,
  Participant,
  ParticipantPage,
  ParticipantQuery,
  Subscription,
} from '../protocol/messages.js';
import { isRecord } from '../util/is-record.js';
import { ATTACH, GIFT, JOIN, RECEIVING, readOptions, readPublishOptions, SEND } from './arguments.js';
import { check, isText } from './common/check.js';
import { Emitter } from './common/emitter.js';
import { notNow } from './common/errors.js';
import type { ClientState, Emit, RelayClientEvents } from './common/events.js';
import type { RemoteTrack } from './common/remote-track.js';
import { isString, listOf } from './common/wire-forms.js';
import type { ClientSettings } from './connection/settings.js';
import type { PublishOptions } from './media/encodings.js';
import type { Publication } from './media/publisher.js';
import { isLayer, type Layer } from './media/stream-control.js';
import type { SendOptions } from './room/message-feed.js';
import type { AttachOptions, JoinOptions } from './session/entry.js';
import { type Lifecycle, lifecycle } from './session/lifecycle.js';
import { notificationHandler } from './session/notifications.js';
import { REJOIN } from './session/peer-changes.js';
import { resumed } from './session/resumed.js';

/**
 * A connection to the relay and, between `join()` and `leave()`, a session with two peer connections. The client replaces
 * them when they break. {@link connect} creates it. Methods that send a request to the relay reject with a
 * {@link RelayClientError}; while the client reconnects, they wait for the new session.
 * @category Client
 */
export class RelayClient extends Emitter<RelayClientEvents> {
  readonly #lifecycle: Lifecycle;

  /** @internal */
  constructor(socket: WebSocket, settings: ClientSettings) {
    super();
    const emit: Emit = (name, ...args) => this.emit(name, ...args);
    this.#lifecycle = lifecycle(socket, {
      ...settings,
      emit,
      onNotification: (method, params) => handle(method, params),
      onResumed: (snapshot) => resumed(this.#lifecycle, snapshot, handle, emit),
    });
    const handle = notificationHandler(this.#lifecycle, emit);
  }

  get state(): ClientState {
    return this.#lifecycle.state;
  }

  /** The viewers of a large room that are counted instead of listed. */
  get audience(): Audience {
    return this.#lifecycle.others.audience;
  }

  /** The other listed participants of the room, by session id. In a small room all are listed. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#lifecycle.others.participants;
  }

  /**
   * The join result of the current session; undefined without a session. `grants`, `role`, `locked` and `listed` are kept up to date.
   */
  get session(): JoinResult | undefined {
    return this.#lifecycle.session?.joinResult;
  }

  /** The tracks that are being received. */
  get tracks(): readonly RemoteTrack[] {
    return this.#lifecycle.session?.remoteTracks.list ?? [];
  }

  /** The peer connection that sends media, for features that this library does not have. */
  get publisher(): RTCPeerConnection | undefined {
    return this.#lifecycle.session?.upstream.pc;
  }

  /** The peer connection that receives media, for features that this library does not have. */
  get subscriber(): RTCPeerConnection | undefined {
    return this.#lifecycle.session?.downstream?.pc;
  }

  /**
   * Authenticates the client with a token if `connect()` was called without one; it must be the first request then. Later, sends
   * another token of the same user. A reconnect uses the newest token.
   */
  async authenticate(token: string): Promise<{ userId: string | null }> {
    check(isString(token), 'authenticate(token)');
    return this.#lifecycle.authenticate(token);
  }

  /**
   * Joins a room. One session at a time: `leave()` first.
   * @throws RelayClientError the relay's refusal, `ERR_CLIENT_STATE`, `ERR_CLIENT_TIMEOUT`, `ERR_CLIENT_CLOSED`,
   * `ERR_CLIENT_NEGOTIATION`, or `ERR_CLIENT_ABORTED` if `leave()` is called before it is done
   */
  async join(options: JoinOptions): Promise<JoinResult> {
    const example = 'join({ roomId })';
    const read = readOptions(example, options, JOIN);
    check(isText(read.roomId), example);
    return this.#lifecycle.join(read);
  }

  /**
   * Takes over a session that was created over HTTP, instead of `join()`. The session keeps its id, its place in the room and its
   * messages; this client's peer connections take the place of those by whose offer it was created.
   * @throws RelayClientError as `join()`, and `ERR_RELAY_SESSION_NOT_FOUND`, or `ERR_RELAY_FORBIDDEN` if it is not this client's
   */
  async attach(options: AttachOptions): Promise<JoinResult> {
    const example = 'attach({ sessionId, sessionToken })';
    const read = readOptions(example, options, ATTACH);
    check(isText(read.sessionId) && isText(read.sessionToken), example);
    return this.#lifecycle.join(read);
  }

  /**
   * Sends a stream's live tracks; those that are already sent do not change. A track that ends is unpublished automatically.
   * @returns after the SFU has answered
   * @throws RelayClientError the relay's refusal; no new track of the stream is sent then
   */
  async publish(stream: MediaStream, options: PublishOptions = {}): Promise<Publication> {
    const read = readPublishOptions(stream, options);
    return this.#lifecycle.perform(({ upstream: publisher }) => publisher.publish(stream, read));
  }

  /** Stops sending a stream. Its tracks stay live locally: `stop()` them to switch a camera off. */
  async unpublish(streamOrStreamId: MediaStream | string): Promise<void> {
    const streamId = (streamOrStreamId as MediaStream)?.id ?? streamOrStreamId;
    check(isText(streamId), 'unpublish(stream)');
    const desired = this.#lifecycle.requireJoined();
    // A recovery in progress must not send it either.
    desired.sending = desired.sending.filter(({ stream }) => stream.id !== streamId);
    // Without a peer, the next one does not send it either.
    return this.#lifecycle.perform(({ upstream: publisher }) => publisher.unpublish(streamId), REJOIN);
  }

  /** Announces to the room whether a published track is muted. Mute the track itself by `track.enabled`. */
  async setMuted(track: MediaStreamTrack, muted: boolean): Promise<void> {
    check(track instanceof Object && typeof muted === 'boolean', 'setMuted(track, true)');
    await this.#lifecycle.perform(async ({ upstream: publisher, rpc }, desired) => {
      const trackId = publisher.trackIdOf(track);
      if (trackId === undefined) throw notNow('Not published.');
      if (muted) desired.mutedTracks.add(track);
      else desired.mutedTracks.delete(track);
      await rpc.request('update', { tracks: [{ trackId, muted }] });
    }, REJOIN);
  }

  /** Changes the participant's metadata: JSON of up to 4 KiB, for the others in the room. */
  async setMetadata(metadata: Metadata): Promise<void> {
    check(isRecord(metadata), 'setMetadata({ name })');
    const { joinParams: params } = this.#lifecycle.requireJoined();
    await this.#lifecycle.request('update', { metadata });
    params.metadata = metadata;
  }

  /**
   * Sends a message of a kind that the application has declared (`messages` of SfuRelay). If the connection breaks, the message
   * is sent again on the next one; the relay processes it once.
   */
  async send(kind: string, data: unknown, options: SendOptions = {}): Promise<MessageReceipt> {
    check(isText(kind), 'send("chat", { text })');
    const read = readOptions('send(kind, data, { to })', options, SEND);
    return this.#lifecycle.messages.send(kind, data, read);
  }

  /** `send('chat', { text })` */
  async chat(text: string, options?: SendOptions): Promise<MessageReceipt> {
    check(isString(text), 'chat(text)');
    return this.send('chat', { text }, options);
  }

  /** `send('gift', { gift, count })`. The relay processes it once, even if the connection breaks. */
  async sendGift(gift: string, options: SendOptions & { count?: number } = {}): Promise<MessageReceipt> {
    const example = 'sendGift(gift)';
    check(isText(gift), example);
    const { count, ...rest } = readOptions(example, options, GIFT);
    return this.send('gift', { gift, count }, rest);
  }

  /** Call it for each like: the client sends the sum of 250 ms. */
  like(count = 1): void {
    check(Number.isSafeInteger(count) && count > 0, 'like(1)');
    this.#lifecycle.requireJoined();
    this.#lifecycle.messages.like(count);
  }

  /** Selects which of the room's tracks to receive. `layer` is one of the track's `layers`; omit it if there are none. */
  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    check(listOf({ trackId: isText })(subscriptions), 'subscribe([{ trackId, subscribe }])');
    await this.#lifecycle.perform(async ({ rpc }, desired) => {
      await rpc.request('subscribe', { subscriptions: [...subscriptions] });
      for (const each of subscriptions) desired.subscriptions.set(each.trackId, each);
    });
  }

  /**
   * Selects the simulcast layer of a stream. If its publisher does not send that layer, the nearest one is received, a smaller
   * one first. May be called before the stream's media arrives.
   */
  setLayer(streamId: string, layer: Layer): void {
    check(isText(streamId) && isLayer(layer), 'setLayer(streamId, "low")');
    this.#lifecycle.requireJoined().control.prefer(streamId, { layer });
  }

  /** Selects whether the SFU sends a stream's video and audio to this client. An omitted member does not change. */
  setReceiving(streamId: string, options: { video?: boolean; audio?: boolean }): void {
    const example = 'setReceiving(streamId, { video })';
    check(isText(streamId), example);
    this.#lifecycle.requireJoined().control.prefer(streamId, readOptions(example, options, RECEIVING));
  }

  /**
   * Moderates the room; requires the grant `roomAdmin` (docs/MODERATION.md).
   * @throws RelayClientError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`
   */
  async moderate(params: ModerateParams): Promise<void> {
    check(isRecord(params) && isText(params.action), 'moderate({ action })');
    await this.#lifecycle.request('moderate', params);
  }

  /**
   * Returns a page of the room's participants, including the audience. The event `page` reports changes of its participants until
   * the next call; `limit: 0` ends it.
   */
  async findParticipants(query: ParticipantQuery = {}): Promise<ParticipantPage> {
    check(isRecord(query), 'findParticipants({ query })');
    return this.#lifecycle.request('participants', query);
  }

  /** Restarts ICE of the publisher connection. The client does so itself when that connection fails. */
  async restartIce(): Promise<void> {
    return this.#lifecycle.perform(({ upstream: publisher }) => publisher.restartIce());
  }

  /**
   * Ends the session and both peer connections. The WebSocket stays open for another `join()`. The relay closes it after a minute
   * without a session (`idleTimeoutMs`); `join()` then opens another one. During a recovery without a WebSocket, `leave()` does
   * the same as `close()`.
   */
  leave(): Promise<void> {
    return this.#lifecycle.leave();
  }

  /** Leaves the room and closes the WebSocket. May be called again. */
  close(): void {
    this.#lifecycle.close();
  }
}
