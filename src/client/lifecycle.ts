import type { JoinResult } from '../protocol/messages.js';
import { closed, closeInfoOf, wasIdle } from './close.js';
import { Control } from './control.js';
import { left, notNow, type RelayClientError } from './errors.js';
import type { ClientState, Emit } from './events.js';
import { Messages } from './messages.js';
import type { ClientSettings, JoinOptions } from './options.js';
import { Roster } from './roster.js';
import { Rpc } from './rpc.js';
import { Session } from './session.js';
import { Stay } from './stay.js';
import { TokenRefresh } from './token-source.js';

interface Setup {
  settings: ClientSettings;
  emit: Emit;
  onNotification(method: string, params: unknown): void;
}

const capabilities = ['rejoin'];

/** What to do first, by the state in which something is not possible. */
const ADVICE: { [State in ClientState]?: string } = {
  open: 'join()',
  joining: 'await join()',
  closed: 'connect()',
};

/** The client's one state machine: its WebSocket, its session in a room, and the next ones where these break. */
export class Lifecycle {
  readonly roster = new Roster();
  readonly messages: Messages;
  readonly #settings: ClientSettings;
  readonly #emit: Emit;
  readonly #onNotification: Setup['onNotification'];
  readonly #refresh: TokenRefresh;
  #rpc: Rpc;
  #state: ClientState = 'open';
  #stay: Stay | undefined;
  #session: Session | undefined;
  /** What has ended it. */
  #failure: RelayClientError | undefined;
  /** The one under way, or the last. */
  #recovery: Promise<void> | undefined;
  #lastPeer = 0;
  /** Set while another peer joins. */
  #rejoining: Promise<void> | undefined;

  constructor(socket: WebSocket, { settings, emit, onNotification }: Setup) {
    this.#settings = settings;
    this.#emit = emit;
    this.#onNotification = onNotification;
    this.messages = new Messages((message) => this.do(({ rpc }) => rpc.request('message', message)), emit);
    this.#refresh = new TokenRefresh(() => this.#renew(), emit);
    this.#rpc = this.#speak(socket);
  }

  get state(): ClientState {
    return this.#state;
  }

  /** From join() to leave(). */
  get stay(): Stay | undefined {
    return this.#stay;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  async authenticate(token: string): Promise<{ userId: string | null }> {
    const result = await this.#rpc.request('authenticate', { token });
    this.#settings.tokens.token = token;
    return result;
  }

  /** The token ends soon: another one is brought, where there is one. */
  expiring(expiresInMs: number): void {
    if (this.#settings.tokens.isLasting) this.#refresh.begin(expiresInMs);
  }

  async join({ roomId, userId, role, metadata, autoSubscribe = true }: JoinOptions): Promise<JoinResult> {
    if (this.#state !== 'open') throw this.#notNow();
    const config = autoSubscribe ? undefined : { NoAutoSubscribe: 'true' };
    // JSON leaves out what is undefined.
    const params = { sid: roomId, uid: userId, role, metadata, config, capabilities } as Stay['params'];
    const stay = new Stay(params, new Control(this.roster, this.#emit));
    this.#stay = stay;
    this.#setState('joining');
    try {
      if (!this.#rpc.isOpen) await this.#redial(stay);
      return await this.#enter(stay);
    } catch (error) {
      if (this.state === 'closed') this.#rpc.close();
      if (this.#stay === stay) {
        this.#end();
        // The relay may have joined us all the same.
        this.#rpc.request('leave').catch(() => {});
      }
      throw error;
    }
  }

  async leave(): Promise<void> {
    const session = this.#session;
    if (!this.#stay) return;
    if (!this.#rpc.isOpen && this.#state !== 'joining') return this.close();
    this.#end();
    const left = this.#rpc.request('leave');
    // Of a join under way nobody can say whether there is something to leave yet.
    await (session?.result ? left : left.catch(() => {}));
  }

  close(): void {
    this.#finish(undefined);
  }

  joined(): Stay {
    if (!this.#stay || this.#state === 'joining') throw this.#notNow();
    return this.#stay;
  }

  /** In the session, or in the next one where this one is being replaced. */
  async do<Result>(task: (session: Session, stay: Stay) => Promise<Result>): Promise<Result> {
    for (;;) {
      const stay = this.joined();
      if (this.#state === 'reconnecting') await this.#recovery;
      if (this.#rejoining) await this.#rejoining;
      const session = this.#session;
      if (!session || this.#state === 'reconnecting') continue;
      try {
        return await task(session, stay);
      } catch (error) {
        if ((error as RelayClientError).code === 'ERR_RELAY_REJOIN') await this.rejoin();
        if (this.#session === session || this.#stay !== stay) throw error;
      }
    }
  }

  #speak(socket: WebSocket): Rpc {
    return new Rpc(socket, {
      requestTimeoutMs: this.#settings.requestTimeoutMs,
      onNotification: this.#onNotification,
      onError: (error) => this.#emit('error', error),
      onClose: (error) => {
        this.#refresh.stop();
        // A recovery notices by itself.
        if (this.#state === 'reconnecting') return;
        // Between two sessions nothing is lost: join() opens another connection.
        if (this.#state === 'open' && wasIdle(error) && this.#settings.dial) return;
        if (this.#isCurable(error) && this.#isJoined && this.#settings.dial) this.#recover(error);
        else this.#finish(error);
      },
    });
  }

  /**
   * Replaces the session's peer on the SFU, where the relay can; the application does not notice. Never rejects: where it
   * fails the peer stays.
   */
  rejoin(): Promise<void> {
    const before = this.#session;
    if (before?.result?.capabilities?.includes('rejoin') && !before.other)
      this.#rejoining = this.#replacePeer(before);
    return Promise.resolve(this.#rejoining);
  }

  async #replacePeer(before: Session): Promise<void> {
    const stay = this.joined();
    const session = this.#makeSession(stay, before);
    try {
      await session.replace(before, () => {
        if (this.#session !== before) throw left();
        this.#session = session;
      });
      await stay.restore(session, this.#emit);
      this.#watch(session);
    } catch (error) {
      before.other = undefined;
      if (this.#session === session) this.#recover(error as RelayClientError);
      else session.close(error as RelayClientError);
    }
    this.#rejoining = undefined;
  }

  #makeSession(stay: Stay, before?: Session): Session {
    const session: Session = new Session({
      ...this.#settings,
      rpc: this.#rpc,
      peer: ++this.#lastPeer,
      before,
      roster: this.roster,
      control: stay.control,
      muted: stay.muted,
      emit: this.#emit,
      onMediaState: (isUp) => {
        if (this.#isJoined && this.#session === session)
          this.#setState(isUp ? 'joined' : 'reconnecting-media');
      },
    });
    return session;
  }

  /** Another session, with all that is wanted of it. */
  async #enter(stay: Stay): Promise<JoinResult> {
    const rpc = this.#rpc;
    this.#lastPeer = 0;
    const session = this.#makeSession(stay);
    this.#session = session;
    stay.watchdog.watch(rpc);
    const result = await session.join(async (offer) => {
      const answer = await rpc.request('join', { ...stay.params, offer });
      if (this.#session === session) this.messages.joined(answer?.messages);
      // leave() came too early for the relay.
      if (this.#session !== session) rpc.request('leave').catch(() => {});
      return answer;
    });
    const { userId: uid, sessionId, sessionToken } = result;
    Object.assign(stay.params, { uid, replaces: sessionToken && { sessionId, sessionToken } });
    await stay.restore(session, this.#emit);
    this.#setState('joined');
    this.#watch(session);
    return result;
  }

  #watch(session: Session): void {
    void session.lost.then((error) => {
      if (this.#session !== session) return;
      if (this.#settings.dial) this.#recover(error);
      else this.#emit('error', error);
    });
  }

  /** The token may have expired while nobody could bring another one: the machine slept. */
  #isCurable(error: RelayClientError): boolean {
    return error.retryable || (this.#settings.tokens.isLasting && closeInfoOf(error)?.code === 4401);
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
    this.#emit('state', this.#state);
  }

  async #reenter(stay: Stay): Promise<void> {
    try {
      if (!this.#rpc.isOpen) await this.#redial(stay);
      stay.signal.throwIfAborted();
      await this.#enter(stay);
    } catch (error) {
      const isOurs = this.#stay === stay;
      // It is asked again: of the other failures somebody hears when they are the last.
      if (isOurs && (error as RelayClientError).code === 'ERR_CLIENT_TOKEN')
        this.#emit('error', error as RelayClientError);
      if (isOurs) this.#drop(error as RelayClientError);
      if (isOurs || this.#state === 'closed') this.#rpc.close();
      throw error;
    }
  }

  /** Opens another connection. */
  async #redial(stay: Stay): Promise<void> {
    const speak = (socket: WebSocket) => {
      this.#rpc = this.#speak(socket);
    };
    const dialled = await this.#settings.dial?.(speak, stay.signal);
    if (dialled?.unsaid !== undefined) await this.authenticate(dialled.unsaid);
    stay.signal.throwIfAborted();
  }

  #notNow(): RelayClientError {
    if (this.#failure) return this.#failure;
    return notNow(`Not possible in the state "${this.#state}": ${ADVICE[this.#state] ?? 'leave()'} first.`);
  }

  /** The session's end, on this side. */
  #end(error = left()): void {
    this.#stay?.end(error);
    this.#stay = undefined;
    this.messages.forget();
    this.#drop(error);
    if (this.#state !== 'closed') this.#setState('open');
  }

  #drop(error: RelayClientError): void {
    const session = this.#session;
    this.#session = undefined;
    this.roster.reset();
    session?.other?.close(error);
    session?.close(error);
  }

  /** @param failure why, where it is not the application that closes */
  #finish(failure: RelayClientError | undefined): void {
    if (this.#state === 'closed') return;
    const error = failure ?? closed(1000, '');
    this.#failure = failure;
    this.#state = 'closed';
    this.#refresh.stop();
    this.#end(error);
    this.#rpc.close();
    this.#emit('state', 'closed');
    const { message: reason, retryable } = error;
    this.#emit('close', closeInfoOf(error) ?? { code: 1006, reason, retryable, error });
  }

  #setState(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#emit('state', state);
  }
}
