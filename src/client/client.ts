import type {
  JoinResult,
  MessageReceipt,
  Metadata,
  ModerateParams,
  Participant,
  Subscription,
} from '../protocol/messages.js';
import {
  check,
  checkMade,
  checkOptions,
  checkPublish,
  GIFT,
  isText,
  JOIN,
  RECEIVING,
  SEND,
} from './arguments.js';
import type { Layer } from './control.js';
import { Emitter } from './emitter.js';
import type { PublishOptions } from './encodings.js';
import { notNow } from './errors.js';
import type { ClientState, Emit, RelayClientEvents } from './events.js';
import { Lifecycle } from './lifecycle.js';
import type { SendOptions } from './messages.js';
import { Notifications } from './notifications.js';
import type { ClientSettings, JoinOptions } from './options.js';
import type { Publication } from './publisher.js';
import type { RemoteTrack } from './remote-tracks.js';
import { isListOf, isRecord, isString } from './wire.js';

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
    checkMade(settings);
    const emit: Emit = (name, ...args) => this.emit(name, ...args);
    this.#lifecycle = new Lifecycle(socket, {
      settings,
      emit,
      onNotification: (method, params) => notifications.receive(method, params),
    });
    const notifications = new Notifications({ lifecycle: this.#lifecycle, emit });
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
    return this.#lifecycle.session?.result;
  }

  /** What is being received. */
  get tracks(): readonly RemoteTrack[] {
    return this.#lifecycle.session?.tracks.list ?? [];
  }

  /** The connection that sends media, for what this library does not offer. */
  get publisher(): RTCPeerConnection | undefined {
    return this.#lifecycle.session?.publisher.pc;
  }

  /** The connection that receives media, for what this library does not offer. */
  get subscriber(): RTCPeerConnection | undefined {
    return this.#lifecycle.session?.subscriber;
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
    checkOptions(example, options, JOIN);
    check(isText(options.roomId), example);
    return this.#lifecycle.join(options);
  }

  /**
   * Sends a stream's live tracks; those of it that are sent already stay as they are. A track that ends is
   * unpublished by itself.
   * @returns once the SFU has answered
   * @throws RelayClientError the relay's refusal; nothing of the stream is sent then
   */
  async publish(stream: MediaStream, options: PublishOptions = {}): Promise<Publication> {
    checkPublish(stream, options);
    return this.#lifecycle.do(({ publisher }) => publisher.publish(stream, options));
  }

  /** Stops sending a stream. Its tracks go on locally: to switch a camera off, `stop()` them. */
  async unpublish(streamOrStreamId: MediaStream | string): Promise<void> {
    const streamId = typeof streamOrStreamId === 'string' ? streamOrStreamId : streamOrStreamId?.id;
    check(isText(streamId), 'unpublish(stream)');
    const stay = this.#lifecycle.joined();
    // Not even a recovery under way shall send it.
    stay.sending = stay.sending.filter(({ stream }) => stream.id !== streamId);
    return this.#lifecycle.do(({ publisher }) => publisher.unpublish(streamId));
  }

  /** Tells the others that a track of ours is muted, or is not. To mute it is `track.enabled`. */
  async setMuted(track: MediaStreamTrack, muted: boolean): Promise<void> {
    check(track instanceof Object && typeof muted === 'boolean', 'setMuted(track, true)');
    await this.#lifecycle.do(async ({ publisher, rpc }, stay) => {
      const trackId = publisher.trackIdOf(track);
      if (trackId === undefined) throw notNow('The track is not published.');
      if (muted) stay.muted.add(track);
      else stay.muted.delete(track);
      await rpc.request('update', { tracks: [{ trackId, muted }] });
    });
  }

  /** Tells the others something new of oneself: JSON, of up to 4 KiB. */
  async setMetadata(metadata: Metadata): Promise<void> {
    check(isRecord(metadata), 'setMetadata({ name: "Alice" })');
    await this.#lifecycle.do(async ({ rpc }, { params }) => {
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
    checkOptions('send(kind, data, { to })', options, SEND);
    return this.#lifecycle.messages.send(kind, data, options);
  }

  /** `send('chat', { text })` */
  async chat(text: string, options?: SendOptions): Promise<MessageReceipt> {
    check(isString(text), 'chat("Hello")');
    return this.send('chat', { text }, options);
  }

  /** `send('gift', { gift, count })`: it is carried out once, whatever breaks. */
  async sendGift(gift: string, options: SendOptions & { count?: number } = {}): Promise<MessageReceipt> {
    const example = 'sendGift("rose", { count: 2 })';
    check(isText(gift), example);
    checkOptions(example, options, GIFT);
    const { count = 1, ...rest } = options;
    return this.send('gift', { gift, count }, rest);
  }

  /** Gathers likes for 250 ms, and sends their sum: call it for each. */
  like(count = 1): void {
    check(Number.isSafeInteger(count) && count > 0, 'like(1)');
    this.#lifecycle.joined();
    this.#lifecycle.messages.like(count);
  }

  /** Which of the room's tracks to receive. `layer` is one of the track's `layers`, left out where it has none. */
  async subscribe(subscriptions: readonly Subscription[]): Promise<void> {
    check(isListOf(subscriptions, isSubscription), 'subscribe([{ trackId, subscribe: true }])');
    await this.#lifecycle.do(async ({ rpc }, stay) => {
      await rpc.request('subscribe', { subscriptions: [...subscriptions] });
      for (const each of subscriptions) stay.subscriptions.set(each.trackId, each);
    });
  }

  /**
   * Which simulcast layer of a stream to receive; of the layers that are sent the nearest, smaller rather than larger. Remembered, so that it may come before the stream's media. */
  setLayer(streamId: string, layer: Layer): void {
    const isLayer = ['high', 'medium', 'low'].includes(layer);
    check(isText(streamId) && isLayer, 'setLayer(stream.id, "low")');
    this.#lifecycle.joined().control.wish(streamId, { layer });
  }

  /** Whether the SFU sends us a stream's video, audio: what is left out stays as it is. */
  setReceiving(streamId: string, options: { video?: boolean; audio?: boolean }): void {
    const example = 'setReceiving(stream.id, { video: false })';
    check(isText(streamId), example);
    checkOptions(example, options, RECEIVING);
    const { video, audio } = options;
    this.#lifecycle.joined().control.wish(streamId, { video, audio });
  }

  /**
   * Moderates the room, where our grants say `roomAdmin` (docs/MODERATION.md).
   * @throws RelayClientError `ERR_RELAY_FORBIDDEN`, `ERR_RELAY_INVALID_PARAMS`
   */
  async moderate(params: ModerateParams): Promise<void> {
    check(isRecord(params) && isText(params.action), 'moderate({ action: "kick", userId })');
    await this.#lifecycle.do(({ rpc }) => rpc.request('moderate', params));
  }

  /** Restarts ICE of the connection that sends; done by itself when that connection fails. */
  async restartIce(): Promise<void> {
    return this.#lifecycle.do(({ publisher }) => publisher.restartIce());
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

function isSubscription(value: unknown): value is Subscription {
  return isRecord(value) && isText(value.trackId);
}
