import type { JoinResult } from '../../protocol/messages.js';
import { closeCodeOf, closed, closeInfoOf } from '../common/close.js';
import { left, notNow, type RelayClientError } from '../common/errors.js';
import type { ClientState, Emit } from '../common/events.js';
import { connection } from '../connection/connection.js';
import type { ClientSettings } from '../connection/settings.js';
import { streamControl } from '../media/stream-control.js';
import { messageFeed } from '../room/message-feed.js';
import { participantList } from '../room/participant-list.js';
import { type DesiredState, desiredState } from './desired-state.js';
import type { JoinOptions } from './join-options.js';
import { createSession, type Session } from './session.js';

interface LifecycleOptions extends ClientSettings {
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

export type Lifecycle = ReturnType<typeof lifecycle>;

/** The client's one state machine: its connection, its session in a room, and the next ones where these break. */
export function lifecycle(socket: WebSocket, options: LifecycleOptions) {
  const { emit, dial } = options;
  const roster = participantList();
  const messages = messageFeed((message) => perform(({ rpc }) => rpc.request('message', message)), emit);
  let state: ClientState = 'open';
  /** From join() to leave(). */
  let desired: DesiredState | undefined;
  let session: Session | undefined;
  /** What has ended the client. */
  let failure: RelayClientError | undefined;
  /** The current or last one. */
  let recovery: Promise<void> | undefined;
  let lastPeer = 0;
  /** Set while another peer joins. */
  let rejoining: Promise<void> | undefined;

  const relay = connection(socket, {
    ...options,
    onClose(error) {
      // A recovery notices by itself.
      if (state === 'reconnecting') return;
      // The relay closes idle connections: join() opens another one.
      if (state === 'open' && dial && closeCodeOf(error) === 4408) return;
      if (dial && isJoined() && relay.isCurable(error)) recover(error);
      else finish(error);
    },
  });
  const isJoined = () => state === 'joined' || state === 'reconnecting-media';
  const setState = (next: ClientState) => {
    if (state === next) return;
    state = next;
    emit('state', state);
  };
  const sendLeave = () => relay.rpc.request('leave').catch(() => {});
  const notPossible = () =>
    failure ?? notNow(`Not possible while ${state}: ${ADVICE[state] ?? 'leave()'} first.`);

  const requireJoined = () => {
    if (!desired || state === 'joining') throw notPossible();
    return desired;
  };

  /** Carries out a task in the session, or in the next one where this one is being replaced. */
  const perform = async <Result>(task: (session: Session, desired: DesiredState) => Promise<Result>) => {
    for (;;) {
      const wanted = requireJoined();
      if (state === 'reconnecting') await recovery;
      if (rejoining) await rejoining;
      const current = session;
      if (!current || state === 'reconnecting') continue;
      try {
        return await task(current, wanted);
      } catch (error) {
        if ((error as RelayClientError).code === 'ERR_RELAY_REJOIN') await rejoin();
        if (session === current || desired !== wanted) throw error;
      }
    }
  };

  const makeSession = ({ control, mutedTracks: muted }: DesiredState, before?: Session) => {
    return createSession({
      ...options,
      rpc: relay.rpc,
      peer: ++lastPeer,
      before,
      roster,
      control,
      muted,
      onMediaState(changed, isUp) {
        if (isJoined() && session === changed) setState(isUp ? 'joined' : 'reconnecting-media');
      },
    });
  };

  const watch = (watched: Session) =>
    void watched.lost.then((error) => {
      if (session !== watched) return;
      if (dial) recover(error);
      else emit('error', error);
    });

  /** Joins with all that is desired. */
  const enter = async (wanted: DesiredState): Promise<JoinResult> => {
    if (!relay.rpc.isOpen) await relay.reopen(wanted.ended);
    const { rpc } = relay;
    lastPeer = 0;
    const entered = makeSession(wanted);
    session = entered;
    wanted.watch(rpc);
    const result = await entered.enter(async (offer) => {
      const answer = await rpc.request('join', { ...wanted.joinParams, offer });
      if (session === entered) messages.replay(answer?.messages);
      // leave() came before the relay had joined us.
      else rpc.request('leave').catch(() => {});
      return answer;
    });
    const { userId: uid, sessionId, sessionToken } = result;
    Object.assign(wanted.joinParams, { uid, replaces: sessionToken && { sessionId, sessionToken } });
    await wanted.restore(entered, emit);
    setState('joined');
    watch(entered);
    return result;
  };

  /**
   * Replaces the session's peer on the SFU, where the relay can; the application does not notice. Never rejects: where it
   * fails the peer stays.
   */
  const rejoin = async () => {
    const before = session;
    if (before?.joinResult?.capabilities?.includes('rejoin') && !before.other)
      rejoining = replacePeer(before);
    await rejoining;
  };
  const replacePeer = async (before: Session) => {
    const wanted = requireJoined();
    const next = makeSession(wanted, before);
    try {
      await next.replace(before, () => {
        if (session !== before) throw left();
        session = next;
      });
      await wanted.restore(next, emit);
      watch(next);
    } catch (reason) {
      const error = reason as RelayClientError;
      before.other = undefined;
      if (session === next) recover(error);
      else next.close(error);
    }
    rejoining = undefined;
  };

  const recover = (error: RelayClientError) => {
    const wanted = desired;
    if (!wanted || !session) return;
    state = 'reconnecting';
    recovery = wanted.recover(session, error, () => enterAgain(wanted));
    recovery.catch((reason) => {
      if (desired === wanted) finish(reason);
    });
    // What is left of the session on the relay.
    sendLeave();
    drop(error);
    emit('state', state);
  };
  const enterAgain = async (wanted: DesiredState) => {
    try {
      await enter(wanted);
    } catch (reason) {
      const error = reason as RelayClientError;
      if (desired === wanted) {
        // Of the other failures only the last is reported, by `close`.
        if (error.code === 'ERR_CLIENT_TOKEN') emit('error', error);
        drop(error);
        relay.rpc.close();
      }
      throw error;
    }
  };

  /** Ends the session on this side. */
  const end = (error = left()) => {
    desired?.end(error);
    desired = undefined;
    messages.forget();
    drop(error);
    if (state !== 'closed') setState('open');
  };
  const drop = (error: RelayClientError) => {
    const dropped = session;
    session = undefined;
    roster.reset();
    dropped?.other?.close(error);
    dropped?.close(error);
  };

  /** @param reason undefined where the application closes the client */
  const finish = (reason?: RelayClientError) => {
    if (state === 'closed') return;
    const error = reason ?? closed();
    failure = reason;
    state = 'closed';
    end(error);
    relay.close();
    emit('state', state);
    const { message, retryable } = error;
    emit('close', closeInfoOf(error) ?? { code: 1006, reason: message, retryable, error });
  };

  return {
    roster,
    messages,
    authenticate: relay.authenticate,
    expiring: relay.renewToken,
    requireJoined,
    perform,
    rejoin,
    get state() {
      return state;
    },
    get desired() {
      return desired;
    },
    get session() {
      return session;
    },

    async join({ roomId: sid, userId: uid, autoSubscribe, ...rest }: JoinOptions): Promise<JoinResult> {
      if (state !== 'open') throw notPossible();
      const config = autoSubscribe ? undefined : { NoAutoSubscribe: 'true' };
      // JSON leaves out what is undefined.
      const params = { sid, uid, ...rest, config, capabilities };
      const wanted = desiredState(params as DesiredState['joinParams'], streamControl(roster, emit));
      desired = wanted;
      setState('joining');
      try {
        return await enter(wanted);
      } catch (error) {
        if (desired === wanted) {
          end();
          // The relay may have joined us all the same.
          sendLeave();
        }
        throw error;
      }
    },

    async leave(): Promise<void> {
      if (!desired) return;
      if (!relay.rpc.isOpen && state !== 'joining') return finish();
      const isAnswered = session?.joinResult;
      end();
      const leaving = relay.rpc.request('leave');
      // During a join nobody knows whether there is a session to leave.
      await (isAnswered ? leaving : leaving.catch(() => {}));
    },

    close: () => finish(),
  };
}
