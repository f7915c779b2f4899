import type { Principal } from '../../access/authentication.js';
import { rejoinSoon } from '../../guard/saturation.js';
import { invalidState } from '../../protocol/errors.js';
import type { Capability, JoinResult, RelayNotifications } from '../../protocol/messages.js';
import type { SessionCloseReason } from '../../protocol/session-state.js';
import type { Target } from '../../protocol/types.js';
import type { SessionSink } from '../../session/events/session-emitter.js';
import type { SessionEvents } from '../../session/events/session-events.js';
import type { Session } from '../../session/session.js';
import type { TokenExpiry } from '../authentication/token-expiry.js';
import type { Backlog, ChannelOwner, ClientChannel } from './client-channel.js';

/** The session events that are notifications of the same name. */
const NOTIFIED = ['offer', 'participants', 'tracks', 'grants', 'mute', 'room', 'rejoin'] as const;

function isNotified(name: string): name is (typeof NOTIFIED)[number] {
  return (NOTIFIED as readonly string[]).includes(name);
}

/** Which client each session serves. */
const servedBy = new WeakMap<object, { release(): Backlog }>();

/** The session of one client, while it has one: passes the session's events to the client's channel. */
export class ServedSession<P extends Principal> implements SessionSink {
  readonly #channel: ClientChannel;
  readonly #owner: ChannelOwner;
  readonly #expiry: TokenExpiry;
  #session: Session<P> | undefined;
  #capabilities: readonly Capability[] = [];

  constructor(channel: ClientChannel, owner: ChannelOwner, expiry: TokenExpiry) {
    this.#channel = channel;
    this.#owner = owner;
    this.#expiry = expiry;
  }

  get session(): Session<P> | undefined {
    return this.#session;
  }

  /** @throws RelayError `ERR_RELAY_INVALID_STATE` */
  require(): Session<P> {
    if (!this.#session) throw invalidState('Join first.');
    return this.#session;
  }

  /** What the client has announced in `join` or `attach`. */
  set capabilities(capabilities: readonly Capability[]) {
    this.#capabilities = capabilities;
  }

  /**
   * Takes a session over from the client that it has served so far. Its events follow once `listen` is called.
   * @returns what that client has not received
   */
  adopt(session: Session<P>): Backlog {
    const backlog = servedBy.get(session)?.release() ?? [];
    servedBy.set(session, this);
    this.#session = session;
    this.#expiry.shorten(session.principal?.expiresAt);
    return backlog;
  }

  /** Passes the session's events on, beginning with those that the session has held. */
  listen(): void {
    this.require().emitter.serve(this);
  }

  /** Stops listening to the session, and returns it. */
  drop(): Session<P> | undefined {
    const session = this.#session;
    this.#session = undefined;
    session?.emitter.serve(undefined);
    return session;
  }

  /** Another client's connection takes the session over. */
  release(): Backlog {
    this.drop();
    return this.#owner.replaced();
  }

  trickle(target: Target, init: string, peer?: number): void {
    this.#channel.trickle(target, init, peer);
  }

  deliver(message: RelayNotifications['message'], mayDrop: boolean): void {
    this.#channel.deliver(message, mayDrop);
  }

  event<Name extends keyof SessionEvents>(name: Name, ...args: SessionEvents[Name]): void {
    const [event] = args;
    if (name === 'rejoin' && !this.#capabilities.includes(name)) return;
    if (isNotified(name)) this.#channel.notify(name, event as RelayNotifications[typeof name]);
    else if (name === 'close') {
      this.#session = undefined;
      this.#owner.end((event as SessionCloseReason).error);
    }
  }

  /**
   * Asks the client to replace its peer, which is near a limit; `saturation` says how near.
   * @returns false if the client has no session, or cannot rejoin
   */
  askToRejoin(saturation: number): boolean {
    if (!this.#session || !this.#capabilities.includes('rejoin')) return false;
    this.#channel.notify('rejoin', rejoinSoon(this.#session.peer, saturation));
    return true;
  }

  /** The result of `join`, `attach` and `rejoin`. */
  describe(): JoinResult {
    const { id, peer, roomId, userId, role, grants, cutTracks, room, answer, iceServers } = this.require();
    return {
      type: 'answer',
      sdp: answer.sdp,
      sessionId: id,
      capabilities: [...this.#capabilities],
      peer,
      roomId,
      userId,
      role,
      grants,
      muted: [...cutTracks],
      locked: room.locked,
      participants: room.others(id),
      revision: room.revision,
      iceServers: [...iceServers],
      maxMessageBytes: this.#channel.maxMessageBytes,
      messages: room.recentMessages,
    };
  }
}
