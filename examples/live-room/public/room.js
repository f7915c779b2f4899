// @ts-check
/**
 * One visit to a room: joins, publishes, watches. The client reconnects by itself; when it gives up, this class tries
 * again with a countdown.
 * This is the file to read for the use of sfu-relay/client.
 */
import { connect } from '/sfu-relay/client.js';
import { Retry } from './retry.js';
import { listenToMessages } from './room-messages.js';
import { credentials, signallingUrl } from './visitor.js';

/**
 * @typedef {{ sessionId: string, userId: string, connection?: 'interrupted' | 'restored', metadata?: { readOnly?: boolean }, tracks: { trackId: string, streamId: string, kind: string, muted: boolean, layers: string[] }[] }} Participant
 * @typedef {{ code?: string | number, message?: string, reason?: string, retryable: boolean }} Problem
 * @typedef {{ name: 'connecting', entered: boolean } | { name: 'connected' } | { name: 'restoring', nodeFailed: boolean }
 *   | { name: 'interrupted', graceMs: number } | { name: 'waiting', problem: Problem, seconds: number, entered: boolean }
 *   | { name: 'failed', problem: Problem, entered: boolean }} Phase
 *
 * @typedef {{ downMs: number, kept: { sent: number, received: number }, snapshot: boolean }} Resumed
 *
 * @typedef {object} RoomHandlers
 * @property {(phase: Phase) => void} phase
 * @property {(facts: Resumed) => void} resumed the connection is back, after `interrupted`
 * @property {() => void} reset a new session begins: discard the tracks and participants of the previous one
 * @property {(participants: Participant[], audience: number) => void} participants the others that are listed, and how many
 *   there are beside them, whenever they changed
 * @property {(change: { state: string, participant: Participant }) => void} participant what has become of one of them
 * @property {(changes: { updated?: Participant[], left?: string[] }) => void} page changes of people that were searched for
 * @property {(remote: any) => void} track
 * @property {(remote: any) => void} trackEnded
 * @property {(streamIds: string[]) => void} speakers
 * @property {(stats: any) => void} stats
 * @property {(messages: any[]) => void} history the room's history, after each join
 * @property {(session: any) => void} session the current grants, and whether the room is locked
 * @property {(cut: boolean) => void} cut whether a moderator has muted one of the published tracks
 * @property {(error: Problem) => void} error something was refused; the session continues
 */
/** @typedef {RoomHandlers & import('./room-messages.js').MessageHandlers} Handlers */

export class Room {
  #handlers;
  #roomId;
  #name;
  /** @type {any} the RelayClient of the present connection */
  #client;
  /** @type {AbortController} ends an attempt that is under way */
  #attempt = new AbortController();
  /** @type {Map<MediaStream, object>} what is published, and is published again by the next client */
  #published = new Map();
  /** @type {Set<string>} own tracks that a moderator has muted */
  #cut = new Set();
  /** The SFU node has failed, and there is no other one yet. */
  #nodeFailed = false;
  /** The connection is lost, and the client tries to resume the session. */
  #interrupted = false;
  #entered = false;
  #retry = new Retry({
    onSecond: (seconds) =>
      this.#phase({ name: 'waiting', problem: this.#problem, seconds, entered: this.#entered }),
    onRetry: () => this.enter(),
  });
  /** The last one. @type {Problem} */
  #problem = { retryable: true };

  /** @param {{ roomId: string, name: string, handlers: Handlers }} options */
  constructor({ roomId, name, handlers }) {
    this.#roomId = roomId;
    this.#name = name;
    this.#handlers = handlers;
    addEventListener('online', this.#online);
  }

  /** Whether there is a session, or an attempt to have one; false once the relay has ended it for good. */
  open = false;

  /** The id of the session, once it has joined. */
  get sessionId() {
    return this.#client?.session?.sessionId;
  }

  /** Connects and joins; also "try again, now". Never rejects: what happens is told as a phase. */
  async enter() {
    this.#retry.stop();
    this.#drop();
    this.open = true;
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    this.#phase({ name: 'connecting', entered: this.#entered });
    let client;
    try {
      const url = signallingUrl(this.#roomId, this.#name);
      client = await connect(url, { signal, statsIntervalMs: 1000, ...credentials() });
      if (signal.aborted) return client.close();
      this.#client = client;
      this.#handlers.reset();
      this.#listen(client);
      await client.join({ roomId: this.#roomId, userId: this.#name });
    } catch (error) {
      if (!signal.aborted && client === this.#client) this.#failed(error);
    }
  }

  /**
   * Without a connection it is published after the next join.
   * @param {MediaStream} stream
   * @param {{ simulcast?: boolean, maxBitrate?: number }} options maxBitrate in bit/s
   */
  async publish(stream, options) {
    this.#published.set(stream, options);
    const client = this.#joined;
    try {
      await client?.publish(stream, options);
    } catch (error) {
      if (client !== this.#client) return; // the connection is lost: apply after the next join
      this.#published.delete(stream);
      throw error;
    }
  }

  /**
   * Without a connection it is just not published after the next join.
   * @param {MediaStream} stream
   */
  async unpublish(stream) {
    this.#published.delete(stream);
    if (this.#published.size === 0) this.#tellCut([]);
    await this.#joined?.unpublish(stream);
  }

  /**
   * Sends another picture or sound in a track's place; needs no negotiation.
   * @param {MediaStreamTrack} old
   * @param {MediaStreamTrack} next
   */
  async replaceTrack(old, next) {
    const senders = /** @type {RTCRtpSender[]} */ (this.#client?.publisher?.getSenders() ?? []);
    await senders.find((sender) => sender.track === old)?.replaceTrack(next);
  }

  /** @param {string} streamId @param {string} layer */
  setLayer(streamId, layer) {
    this.#joined?.setLayer(streamId, layer);
  }

  /**
   * For chat, gifts, likes and moderation: client.chat(), client.sendGift(), client.like(), client.moderate().
   * @throws where there is no session
   */
  get client() {
    const client = this.#joined;
    if (!client) throw Object.assign(new Error('Not connected.'), { code: 'ERR_CLIENT_CLOSED' });
    return client;
  }

  async leave() {
    removeEventListener('online', this.#online);
    this.#retry.stop();
    this.open = false;
    this.#published.clear();
    this.#drop();
  }

  /** The client, where it has a session. */
  get #joined() {
    const states = ['joined', 'reconnecting-media', 'reconnecting'];
    return states.includes(this.#client?.state) ? this.#client : undefined;
  }

  /** @param {any} client */
  #listen(client) {
    const { participants: _, ...handlers } = this.#handlers;
    const tell = () => this.#tellParticipants(client);
    client.on('participants', (/** @type {any} */ change) => {
      tell();
      if (client === this.#client) handlers.participant(change);
    });
    client.on('audience', tell);
    client.on('page', handlers.page);
    client.on('tracks', tell);
    client.on('track', handlers.track);
    client.on('trackended', handlers.trackEnded);
    client.on('speakers', handlers.speakers);
    client.on('stats', handlers.stats);
    client.on('error', handlers.error);
    listenToMessages(client, handlers);
    for (const event of ['grants', 'room'])
      client.on(event, () => client === this.#client && handlers.session(client.session));
    client.on('mute', (/** @type {{ trackId: string, muted: boolean }} */ { trackId, muted }) => {
      const others = [...this.#cut].filter((each) => each !== trackId);
      this.#tellCut(muted ? [...others, trackId] : others);
    });
    client.on('state', (/** @type {string} */ state) => {
      if (client !== this.#client) return;
      if (state === 'joined') return this.#joinedNow(client);
      if (state === 'reconnecting') this.#interrupted = false;
      this.#tellState(state);
    });
    client.on('interrupted', () => {
      if (client !== this.#client) return;
      this.#nodeFailed = true;
      this.#tellState('reconnecting-media');
    });
    client.on('connection', (/** @type {any} */ change) => {
      if (client !== this.#client) return;
      this.#interrupted = change.state === 'interrupted';
      if (this.#interrupted) this.#phase({ name: 'interrupted', graceMs: change.graceMs });
      if (change.state !== 'resumed') return;
      this.#tellState(client.state);
      handlers.resumed(change);
    });
    client.on('goaway', (/** @type {{ reconnectAfterMs: number }} */ { reconnectAfterMs }) =>
      this.#retry.notWithin(reconnectAfterMs),
    );
    client.on('close', (/** @type {Problem & { error?: Problem }} */ info) => {
      if (client === this.#client) this.#failed(info.error ?? info);
    });
  }

  /** @param {string} state of the client */
  #tellState(state) {
    if (this.#interrupted) return;
    if (state === 'joined') this.#phase({ name: 'connected' });
    if (state === 'reconnecting-media') this.#phase({ name: 'restoring', nodeFailed: this.#nodeFailed });
    if (state === 'reconnecting') this.#phase({ name: 'connecting', entered: true });
  }

  /** @param {any} client for the first time, or back by itself */
  async #joinedNow(client) {
    this.#nodeFailed = false;
    this.#interrupted = false;
    this.#retry.reset();
    this.#entered = true;
    this.#tellParticipants(client);
    this.#handlers.history(client.session.messages);
    this.#handlers.session(client.session);
    this.#tellCut(client.session.muted);
    this.#phase({ name: 'connected' });
    // Streams that the client has already restored are left alone; a track may have been replaced meanwhile.
    for (const [stream, options] of this.#published) {
      await client.publish(stream, options).catch((/** @type {Problem} */ error) => {
        if (client === this.#client && client.state === 'joined') this.#handlers.error(error);
      });
    }
  }

  /** @param {string[]} trackIds */
  #tellCut(trackIds) {
    this.#cut = new Set(trackIds);
    this.#handlers.cut(this.#cut.size > 0);
  }

  /** @param {any} client */
  #tellParticipants(client) {
    if (client !== this.#client) return;
    const { listed, grants } = client.session ?? {};
    // The audience counts this person as well, unless the list has them.
    const own = listed || grants?.hidden ? 0 : 1;
    this.#handlers.participants([...client.participants.values()], Math.max(client.audience.count - own, 0));
  }

  /** @param {any} error */
  #failed(error) {
    this.#drop();
    /** @type {Problem} the cause says why the connection was closed */
    const problem = error.code === 'ERR_CLIENT_CLOSED' ? error.cause : error;
    const entered = this.#entered;
    if (!problem.retryable) {
      this.open = false;
      this.#published.clear();
      return this.#phase({ name: 'failed', problem, entered });
    }
    this.#problem = problem;
    this.#retry.start();
  }

  /** The network is back: no reason to wait for the countdown. */
  #online = () => {
    if (this.open && !this.#client) this.enter();
  };

  #drop() {
    this.#attempt.abort();
    this.#nodeFailed = false;
    this.#interrupted = false;
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  /** @param {Phase} phase */
  #phase(phase) {
    this.#handlers.phase(phase);
  }
}
