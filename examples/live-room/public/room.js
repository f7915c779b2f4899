// @ts-check
/**
 * One stay in a room: joins, publishes, watches. The client comes back by itself when things break; what it gives
 * up on is tried again here, with a countdown.
 * This is the file to read for the use of sfu-relay/client.
 */
import { connect } from '/sfu-relay/client.js';
import { signedToken } from './signed-token.js';

/**
 * @typedef {{ sessionId: string, userId: string, tracks: { trackId: string, streamId: string, kind: string, layers: string[] }[] }} Participant
 * @typedef {{ code?: string | number, message?: string, reason?: string, retryable: boolean }} Problem
 * @typedef {{ name: 'connecting', entered: boolean } | { name: 'connected' } | { name: 'restoring' }
 *   | { name: 'waiting', problem: Problem, seconds: number, entered: boolean }
 *   | { name: 'failed', problem: Problem, entered: boolean }} Phase
 *
 * @typedef {object} Handlers
 * @property {(phase: Phase) => void} phase
 * @property {() => void} reset a new session begins: the tracks and people of the last one are void
 * @property {(participants: Participant[]) => void} participants the others, whenever they changed
 * @property {(remote: any) => void} track
 * @property {(remote: any) => void} trackEnded
 * @property {(streamIds: string[]) => void} speakers
 * @property {(stats: any) => void} stats
 * @property {(error: Problem) => void} error something was refused; the session goes on
 */

const RETRY_AFTER_SECONDS = [1, 2, 4, 8, 15];
const SIGNALLING_URL = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/rtc`;

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
  #failures = 0;
  #entered = false;
  #earliestReconnect = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {{ roomId: string, name: string, handlers: Handlers }} options */
  constructor({ roomId, name, handlers }) {
    this.#roomId = roomId;
    this.#name = name;
    this.#handlers = handlers;
    addEventListener('online', this.#online);
  }

  /** Connects and joins; also "try again, now". Never rejects: what happens is told as a phase. */
  async enter() {
    clearInterval(this.#timer);
    this.#drop();
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    this.#phase({ name: 'connecting', entered: this.#entered });
    let client;
    try {
      client = await connect(SIGNALLING_URL, { signal, statsIntervalMs: 1000, ...signedToken });
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
      if (client !== this.#client) return; // the connection is gone: after the next join
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

  async leave() {
    removeEventListener('online', this.#online);
    clearInterval(this.#timer);
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
    client.on('participants', tell);
    client.on('tracks', tell);
    client.on('track', handlers.track);
    client.on('trackended', handlers.trackEnded);
    client.on('speakers', handlers.speakers);
    client.on('stats', handlers.stats);
    client.on('error', handlers.error);
    client.on('state', (/** @type {string} */ state) => {
      if (client !== this.#client) return;
      if (state === 'reconnecting-media') this.#phase({ name: 'restoring' });
      if (state === 'reconnecting') this.#phase({ name: 'connecting', entered: true });
      if (state === 'joined') this.#joinedNow(client);
    });
    client.on('goaway', (/** @type {{ reconnectAfterMs: number }} */ { reconnectAfterMs }) => {
      this.#earliestReconnect = Date.now() + reconnectAfterMs;
    });
    client.on('close', (/** @type {Problem & { error?: Problem }} */ info) => {
      if (client === this.#client) this.#failed(info.error ?? info);
    });
  }

  /** @param {any} client for the first time, or back by itself */
  async #joinedNow(client) {
    this.#failures = 0;
    this.#entered = true;
    this.#tellParticipants(client);
    this.#phase({ name: 'connected' });
    // What the client sends (again) already stays as it is; a track may have been replaced meanwhile.
    for (const [stream, options] of this.#published) {
      await client.publish(stream, options).catch((/** @type {Problem} */ error) => {
        if (client === this.#client && client.state === 'joined') this.#handlers.error(error);
      });
    }
  }

  /** @param {any} client */
  #tellParticipants(client) {
    if (client === this.#client) this.#handlers.participants([...client.participants.values()]);
  }

  /** @param {any} error */
  #failed(error) {
    this.#drop();
    /** @type {Problem} the cause says why the connection was closed */
    const problem = error.code === 'ERR_CLIENT_CLOSED' ? error.cause : error;
    const entered = this.#entered;
    if (!problem.retryable) return this.#phase({ name: 'failed', problem, entered });
    const backoff = RETRY_AFTER_SECONDS[Math.min(this.#failures++, RETRY_AFTER_SECONDS.length - 1)];
    const asked = Math.ceil((this.#earliestReconnect - Date.now()) / 1000);
    let seconds = Math.max(backoff, asked);
    const countDown = () => {
      if (seconds <= 0) return this.enter();
      this.#phase({ name: 'waiting', problem, seconds, entered });
      seconds--;
    };
    clearInterval(this.#timer);
    this.#timer = setInterval(countDown, 1000);
    countDown();
  }

  /** The network is back: no reason to wait for the countdown. */
  #online = () => {
    if (!this.#client) this.enter();
  };

  #drop() {
    this.#attempt.abort();
    const client = this.#client;
    this.#client = undefined;
    client?.close();
  }

  /** @param {Phase} phase */
  #phase(phase) {
    this.#handlers.phase(phase);
  }
}
