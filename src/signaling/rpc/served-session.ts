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
import type { ChannelOwner, ClientChannel, Handover, Position } from './client-channel.js';

/** The session events that are notifications of the same name. */
const NOTIFIED = [
  'offer',
  'participants',
  'tracks',
  'grants',
  'mute',
  'room',
  'rejoin',
  'interrupted',
] as const;

function isNotified(name: string): name is (typeof NOTIFIED)[number] {
  return (NOTIFIED as readonly string[]).includes(name);
}

/** The part of the longest message that participants take up in a join's result; the room's messages take up another. */
const ROOM_SHARE = 1 / 4;

const UNKNOWN: Position = {};
const NOTHING: Handover = { backlog: [] };

/** Which client each session serves. */
const servedBy = new WeakMap<object, Predecessor>();

interface Predecessor {
  readonly capabilities: readonly Capability[];
  release(position: Position): Handover;
}

/** The session of one client, while it has one: passes the session's events to the client's channel. */
export class ServedSession<P extends Principal> implements SessionSink {
  readonly #channel: ClientChannel;
  readonly #owner: ChannelOwner<P>;
  readonly #expiry: TokenExpiry;
  #session: Session<P> | undefined;
  /** Undefined: those of the connection before. */
  #capabilities: readonly Capability[] | undefined;

  constructor(channel: ClientChannel, owner: ChannelOwner<P>, expiry: TokenExpiry) {
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

  get canRejoin(): boolean {
    return this.capabilities.includes('rejoin');
  }

  get capabilities(): readonly Capability[] {
    return this.#capabilities ?? [];
  }

  /** What the client has announced in `join` or `attach`. */
  set capabilities(capabilities: readonly Capability[]) {
    this.#capabilities = this.#owner.resumption
      ? capabilities
      : capabilities.filter((each) => each !== 'resume');
  }

  /**
   * Takes a session over from the connection that has served it so far. Its events follow once `listen` is called.
   * @param position what the client has received on that connection; where it does not say that, it reads it to its end
   */
  adopt(session: Session<P>, position: Position = UNKNOWN): Handover {
    session.room.members.catchUp(session.id);
    const last = servedBy.get(session);
    if (last && !this.#capabilities) this.capabilities = last.capabilities;
    const handover = last?.release(position) ?? NOTHING;
    servedBy.set(session, this);
    this.#session = session;
    if (session.connection === 'detached') session.presence.attach('snapshot');
    this.#owner.keep(this.#canResume ? session : undefined);
    this.#expiry.shorten(session.principal?.expiresAt);
    return handover;
  }

  /** Passes the session's events on, beginning with those that the session has held. */
  listen(): void {
    this.require().emitter.serve(this);
  }

  /** Stops listening to the session, and returns it. */
  drop(): Session<P> | undefined {
    const session = this.#forget();
    this.#owner.keep(undefined);
    return session;
  }

  /** Another connection takes the session over. */
  release(position: Position): Handover {
    const session = this.#forget();
    return session ? this.#owner.replaced(session, position) : NOTHING;
  }

  /** Another process serves the session. */
  stop(): void {
    this.#forget();
  }

  #forget(): Session<P> | undefined {
    const session = this.#session;
    this.#session = undefined;
    session?.emitter.serve(undefined);
    return session;
  }

  get #canResume(): boolean {
    return this.capabilities.includes('resume');
  }

  trickle(target: Target, init: string, peer?: number): void {
    this.#channel.trickle(target, init, peer);
  }

  deliver(message: RelayNotifications['message'], mayDrop: boolean): void {
    this.#channel.deliver(message, mayDrop);
  }

  event<Name extends keyof SessionEvents>(name: Name, ...args: SessionEvents[Name]): void {
    const [event] = args;
    if ((name === 'rejoin' || name === 'interrupted') && !this.canRejoin) return;
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
    if (!this.#session || !this.canRejoin) return false;
    this.#channel.notify('rejoin', rejoinSoon(this.#session.peer, saturation));
    return true;
  }

  /** Replies with the result of `join`, `attach` and `rejoin`; notifications with what it has no room for follow. */
  describe(reply: (result: JoinResult) => void): void {
    this.#channel.describe(() => this.#describe(reply));
  }

  #describe(reply: (result: JoinResult) => void): void {
    const session = this.require();
    const { id, peer, peers, roomId, userId, role, grants, cutTracks, room, answer, iceServers } = session;
    const { maxMessageBytes } = this.#channel;
    const { resumption } = this.#owner;
    const share = Math.floor(maxMessageBytes * ROOM_SHARE);
    room.members.catchUp(id);
    const { participants, audience, listed, revision, rest } = room.members.snapshot(id, share);
    const recent = room.messages.recentWithin(share);
    reply({
      type: 'answer',
      sdp: answer.sdp,
      sessionId: id,
      capabilities: [...this.capabilities],
      ...(this.#canResume && resumption && { resumption }),
      peer,
      roomId,
      userId,
      role,
      grants,
      muted: [...cutTracks],
      locked: room.locked,
      participants,
      audience,
      listed,
      revision,
      iceServers: [...iceServers],
      maxMessageBytes,
      messages: recent.messages,
    });
    for (const event of rest) this.#channel.notify('participants', event);
    for (const message of recent.rest) this.#channel.deliver(message, false);
    peers.remind(this);
  }
}
