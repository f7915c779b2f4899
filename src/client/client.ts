import type {
  JoinResult,
  MessageReceipt,
  Metadata,
  ModerateParams,
  Participant,
  Subscription,
} from '../protocol/messages.js';
import { GIFT, JOIN, RECEIVING, readOptions, readPublishOptions, SEND } from './arguments.js';
import { check, isText } from './common/check.js';
import { Emitter } from './common/emitter.js';
import { notNow } from './common/errors.js';
import type { ClientState, Emit, RelayClientEvents } from './common/events.js';
import type { RemoteTrack } from './common/remote-track.js';
import { isRecord, isString, listOf } from './common/wire-forms.js';
import type { ClientSettings } from './connection/settings.js';
import type { PublishOptions } from './media/encodings.js';
import type { Publication } from './media/publisher.js';
import { isLayer, type Layer } from './media/stream-control.js';
import type { SendOptions } from './room/message-feed.js';
import type { JoinOptions } from './session/join-options.js';
import { type Lifecycle, lifecycle } from './session/lifecycle.js';
import { notificationHandler } from './session/notifications.js';

/**
 * One connection to the relay and, between `join()` and `leave()`, one session with its two peer connections; where
 * these break, the next ones. Made by {@link connect}. Every method that asks the relay rejects with a
 * {@link RelayClientError}; while the client is reconnecting it waits for the new session.
 * @category Client
 */
export class RelayClient extends Emitter<RelayClientEvents> {
  readonly #lifecycle: Lifecycle;

  /** @internal */
  constructor(socket: WebSocket, settings: ClientSettings) {
    super();
    check(settings, 'await connect(url)');
    const emit: Emit = (name, ...args) => this.emit(name, ...args);
    this.#lifecycle = lifecycle(socket, {
      ...settings,
      emit,
      onNotification: (method, params) => handle(method, params),
    });
    const handle = notificationHandler(this.#lifecycle, emit);
  }

  get state(): ClientState {
    return this.#lifecycle.state;
  }

  /** The others in the room, by session. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#lifecycle.roster.participants;
  }

  /**
   * What `join()` resolved with, or the last recovery; undefined while there is none. `grants`, `role` and `locked` are
   * those of now.
   */
  get session(): JoinResult | undefined {
    return this.#lifecycle.session?.joinResult;
  }

  /** What is being received. */
  get tracks(): readonly RemoteTrack[] {
    return this.#lifecycle.session?.remoteTracks.list ?? [];
  }

  /** The connection that sends media, for what this library does not offer. */
  get publisher(): RTCPeerConnection | undefined {
    return this.#lifecycle.session?.upstream.pc;
  }

  /** The connection that receives media, for what this library does not offer. */
  get subscriber(): RTCPeerConnection | undefined {
    return this.#lifecycle.session?.downstream?.pc;
  }

  /**
   * Says who we are, where `connect()` was given no token, as the first request; later, brings another token of the same
   * user. The newest one is used again after a reconnect.
   */
  async authenticate(token: string): Promise<{ userId: string | null }> {
    check(isString(token), 'authenticate(token)');
    return this.#lifecycle.authenticate(token);
  }

  /**
   * Joins a room. One session at a time: `leave()` first.
   * @throws RelayClientError the relay's refusal, `ERR_CLIENT_STATE`, `ERR_CLIENT_TIMEOUT`, `ERR_CLIENT_CLOSED`,
   * `ERR_CLIENT_NEGOTIATION`, or `ERR_CLIENT_ABORTED` where `leave()` overtakes it
   */
  async join(options: JoinOptions): Promise<JoinResult> {
    const example = 'join({ roomId: "lobby" })';
    const read = readOptions(example, options, JOIN);
    check(isText(read.roomId), example);
    return this.#lifecycle.join(read);
  }

  /**
   * Sends a stream's live tracks; those of it that are sent already stay as they are. A track that ends is
   * unpublished by itself.
   * @returns once the SFU has answered
   * @throws RelayClientError the relay's refusal; nothing of the stream is sent then
   */
  async publish(stream: MediaStream, options: PublishOptions = {}): Promise<Publication> {
    const read = readPublishOptions(stream, options);
    return this.#lifecycle.perform(({ upstream: publisher }) => publisher.publish(stream, read));
  }

  /** Stops sending a stream. Its tracks go on locally: to switch a camera off, `stop()` them. */
  async unpublish(streamOrStreamId: MediaStream | string): Promise<void> {
    const streamId = (streamOrStreamId as MediaStream)?.id ?? streamOrStreamId;
    check(isText(streamId), 'unpublish(stream)');
    const desired = this.#lifecycle.requireJoined();
    // Not even a recovery under way shall send it.
    desired.sending = desired.sending.filter(({ stream }) => stream.id !== streamId);
    return this.#lifecycle.perform(({ upstream: publisher }) => publisher.unpublish(streamId));
  }

  /** Tells the others that a track of ours is muted, or is not. To mute it is `track.enabled`. */
  async setMuted(track: MediaStreamTrack, muted: boolean): Promise<void> {
    check(track instanceof Object && typeof muted === 'boolean', 'setMuted(track, true)');
    await this.#lifecycle.perform(async ({ upstream: publisher, rpc }, desired) => {
      const trackId = publisher.trackIdOf(track);
      if (trackId === undefined) throw notNow('It is not published.');
      if (muted) desired.mutedTracks.add(track);
      else desired.mutedTracks.delete(track);
      await rpc.request('update', { tracks: [{ trackId, muted }] });
    });
  }

  /** Tells the others something new of oneself: JSON, of up to 4 KiB. */
  async setMetadata(metadata: Metadata): Promise<void> {
    check(isRecord(metadata), 'setMetadata({ name: "Ada" })');
    await this.#lifecycle.perform(async ({ rpc }, { joinParams: params }) => {
      await rpc.request('update', { metadata });
      params.metadata = metadata;
    });
  }

  /**
   * Sends a message of a kind that the application has declared (`messages` of SfuRelay). Where the connection breaks
   * it is sent again on the next one, and carried out once.
   */
  async send(kind: string, data: unknown, options: SendOptions = {}): Promise<MessageReceipt> {
    check(isText(kind), 'send("chat", { text })');
    const read = readOptions('send(kind, data, { to })', options, SEND);
    return this.#lifecycle.messages.send(kind, data, read);
  }

  /** `send('chat', { text })` */
  async chat(text: string, options?: SendOptions): Promise<MessageReceipt> {
    check(isString(text), 'chat("Hi")');
    return this.send('chat', { text }, options);
  }

  /** `send('gift', { gift, count })`: it is carried out once, whatever breaks. */
  async sendGift(gift: string, options: SendOptions & { count?: number } = {}): Promise<MessageReceipt> {
    const example = 'sendGift("rose")';
    check(isText(gift), example);
    const { count, ...rest } = readOptions(example, options, GIFT);
    return this.send('gift', { gift, count }, rest);
  }

  /** Gathers likes for 250 ms, and sends their sum: call it for each. */
  like(count = 1): void {
    check(Number.isSafeInteger(count) && count > 0, 'like(1)');
    this.#lifecycle.requireJoined();
    this.#lifecycle.messages.like(count);
  }

  /** Which of the room's tracks to receive. `layer` is one of the track's `layers`, left out where it has none. */
  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    check(listOf(isSubscription)(subscriptions), 'subscribe([{ trackId, subscribe: true }])');
    await this.#lifecycle.perform(async ({ rpc }, desired) => {
      await rpc.request('subscribe', { subscriptions: [...subscriptions] });
      for (const each of subscriptions) desired.subscriptions.set(each.trackId, each);
    });
  }

  /**
   * Which simulcast layer of a stream to receive; of the layers that are sent the nearest, smaller rather than larger. Remembered, so that it may come before the stream's media. */
  setLayer(streamId: string, layer: Layer): void {
    check(isText(streamId) && isLayer(layer), 'setLayer(streamId, "low")');
    this.#lifecycle.requireJoined().control.prefer(streamId, { layer });
  }

  /** Whether the SFU sends us a stream's video, audio: what is left out stays as it is. */
  setReceiving(streamId: string, options: { video?: boolean; audio?: boolean }): void {
    const example = 'setReceiving(streamId, { video: false })';
    check(isText(streamId), example);
    this.#lifecycle.requireJoined().control.prefer(streamId, readOptions(example, options, RECEIVING));
  }

  /**
   * Moderates the room, where our grants say `roomAdmin` (docs/MODERATION.md).
   * @throws RelayClientError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`
   */
  async moderate(params: ModerateParams): Promise<void> {
    check(isRecord(params) && isText(params.action), 'moderate({ action: "kick", userId })');
    await this.#lifecycle.perform(({ rpc }) => rpc.request('moderate', params));
  }

  /** Restarts ICE of the connection that sends; done by itself when that connection fails. */
  async restartIce(): Promise<void> {
    return this.#lifecycle.perform(({ upstream: publisher }) => publisher.restartIce());
  }

  /**
   * Ends the session and both peer connections; the WebSocket stays open for another `join()`. The relay closes one that has no
   * session for a minute (`idleTimeoutMs`); `join()` opens another one then. Where a recovery finds it closed, that is the
   * end: as `close()`.
   */
  leave(): Promise<void> {
    return this.#lifecycle.leave();
  }

  /** Leaves, and closes the WebSocket. May be called again. */
  close(): void {
    this.#lifecycle.close();
  }
}

function isSubscription(value: unknown): boolean {
  return isRecord(value) && isText(value.trackId);
}
