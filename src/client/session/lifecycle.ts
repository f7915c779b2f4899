import type { InterruptionNotice, JoinResult } from '../../protocol/messages.js';
import { closeCodeOf, closed, closeInfoOf } from '../common/close.js';
import { left, notNow, type RelayClientError } from '../common/errors.js';
import type { ClientState, Emit } from '../common/events.js';
import { isJoinResult } from '../common/wire-forms.js';
import { connection } from '../connection/connection.js';
import type { ClientSettings } from '../connection/settings.js';
import { streamControl } from '../media/stream-control.js';
import { messageFeed } from '../room/message-feed.js';
import { participantList } from '../room/participant-list.js';
import { calls } from './calls.js';
import { type DesiredState, desiredState } from './desired-state.js';
import { type AttachOptions, enterBy, entryParamsOf, type JoinOptions } from './entry.js';
import { pageReload } from './page-reload.js';
import { PEER, peerChanges } from './peer-changes.js';
import { type ClientSession, createSession } from './session.js';

interface LifecycleOptions extends ClientSettings {
  emit: Emit;
  onNotification(method: string, params: unknown): void;
  /** @returns called when the missed messages have arrived */
  onResumed(snapshot: JoinResult | undefined): () => void;
}

/** Peers beside the next one: during a move, and during its return. */
const MAX_OTHERS = 2;

export type Lifecycle = ReturnType<typeof lifecycle>;

/** The client's state machine: its connection and its session, and their replacements when they break. */
export function lifecycle(socket: WebSocket, options: LifecycleOptions) {
  const { emit, dial } = options;
  const others = participantList();
  const messages = messageFeed((message) => request('message', message), emit);
  let state: ClientState = 'open';
  /** From join() to leave(). */
  let desired: DesiredState | undefined;
  let session: ClientSession | undefined;
  /** The error that ended the client. */
  let failure: RelayClientError | undefined;
  /** The current or last recovery. */
  let recovery: Promise<void> | undefined;
  let lastPeer = 0;
  /** The current session, the next one, and those that were replaced, as long as they exist. */
  const sessions = new Set<ClientSession>();
  const changes = peerChanges();
  const reload = pageReload(options);

  const relay = connection(socket, {
    ...options,
    onClose(error) {
      // The recovery detects it.
      if (state === 'reconnecting') return;
      if (!dial || !(isJoined() ? relay.isCurable(error) : mayReopen(error))) finish(error);
      else if (isJoined()) recover(error);
    },
  });
  /** A connection that was idle, refused for now, or broken while join() waits for its next attempt: join() opens another one. */
  const mayReopen = (error: RelayClientError) =>
    error.retryAfterMs || closeCodeOf(error) === 4408 || (desired && !session && error.retryable);
  const isJoined = () => state === 'joined' || state === 'reconnecting-media';
  const setState = (next: ClientState) => {
    if (state === next) return;
    state = next;
    emit('state', state);
  };
  const sendLeave = () => relay.rpc.request('leave').catch(() => {});
  const notPossible = () => {
    const advice: string = { open: 'join', closed: 'connect' }[state as 'open'] ?? 'leave';
    return failure ?? notNow(`Not while ${state}: ${advice}() first.`);
  };

  const requireJoined = () => {
    if (!desired || state === 'joining') throw notPossible();
    return desired;
  };

  const { perform, request } = calls({
    requireJoined,
    rejoin: () => rejoin(),
    pending: (wait) => (state === 'reconnecting' ? recovery : changes.pending(wait)),
    current: () => [session, desired],
  });

  const makeSession = ({ control, mutedTracks: muted }: DesiredState, before?: ClientSession) =>
    createSession({
      ...options,
      rpc: relay.rpc,
      peer: ++lastPeer,
      before,
      others,
      control,
      muted,
      sessions,
      onMediaState(changed, isUp) {
        if (isJoined() && session === changed) setState(isUp ? 'joined' : 'reconnecting-media');
      },
    });

  const watch = (watched: ClientSession) =>
    void watched.lost.then((error) => {
      // Without a connection it is restored when that is resumed.
      if (session !== watched || watched.isLost || !relay.rpc.isOpen) return;
      if (dial) recover(error);
      else emit('error', error);
    });

  /** Joins, and restores the desired state. */
  const enterNow = async (wanted: DesiredState): Promise<JoinResult> => {
    if (!relay.rpc.isOpen) await relay.reopen(wanted.ended);
    const { rpc } = relay;
    const { joinParams: params } = wanted;
    const attached = params.attaches && (await rpc.request('attach', params.attaches));
    wanted.ended.throwIfAborted();
    // The numbers of peers that were refused are not taken again.
    lastPeer = attached ? Math.max(lastPeer, attached.peer) : 0;
    const entered = makeSession(wanted);
    session = entered;
    wanted.watch(rpc);
    const result = await entered.enter(async (offer) => {
      const answer = await enterBy(rpc, offer, params, attached, entered.peer);
      // leave() was called before the relay answered the join.
      if (session !== entered) sendLeave();
      else if (isJoinResult(answer)) {
        Object.assign(params, { uid: answer.userId, replaces: relay.keep(answer) });
        reload.proof = undefined;
        messages.replay(answer.messages);
      }
      return answer;
    });
    await wanted.restore(entered, emit);
    setState(entered.isLost ? 'reconnecting-media' : 'joined');
    watch(entered);
    return result;
  };

  /**
   * Replaces the session's peer on the SFU if the relay supports that. It is invisible to the application. Never rejects: the peer
   * stays if the replacement fails. A lost peer is replaced only when the relay says so.
   * @param isDue whether the relay says so
   * @returns when the session has a peer
   */
  const rejoin = async (isDue?: boolean) => {
    const before = session;
    if (before && (isDue || !before.isLost)) await changes.rejoin(() => replacePeer(before));
    await changes.pending(PEER);
  };
  const replacePeer = async (before: ClientSession) => {
    const wanted = desired;
    const isPossible = before.joinResult?.capabilities?.includes('rejoin') && session === before;
    const isCrowded = !before.isLost && [...sessions].filter(({ isLost }) => !isLost).length > MAX_OTHERS;
    if (!wanted || !isPossible || isCrowded) return;
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
      // After a timeout, it is unknown which peer the relay has.
      if (session === next || (before.isLost && error.code === 'ERR_CLIENT_TIMEOUT')) recover(error);
      next.close(error);
    }
    if (!session?.isLost) changes.restored();
  };
  /** The SFU has lost a peer, perhaps an earlier one. */
  const interrupt = ({ peer, reason }: InterruptionNotice) => {
    if (!session?.joinResult || session.peer !== peer || session.isLost) return;
    session.isLost = true;
    session.retire();
    changes.interrupt();
    emit('interrupted', { reason });
    if (isJoined()) setState('reconnecting-media');
  };

  const recover = (error: RelayClientError) => {
    const wanted = desired;
    if (!wanted || !session) return;
    state = 'reconnecting';
    recovery = wanted.recover(session, error, () => tryToEnter(wanted));
    recovery.catch((reason) => desired === wanted && finish(reason));
    // The session may still exist on the relay.
    sendLeave();
    drop(error);
    emit('state', state);
  };
  /** Enters; as long as the relay refuses that for now, again at the time that it names. */
  const tryToEnter = (wanted: DesiredState): Promise<JoinResult> =>
    changes.join(enterNow(wanted)).catch(async (error: RelayClientError) => {
      if (desired !== wanted) throw error;
      drop(error);
      if (error.code === 'ERR_RELAY_FORBIDDEN' && wanted.joinParams.replaces) {
        // Perhaps only the replacement was refused: a new token of a user without a name is another user.
        delete wanted.joinParams.replaces;
        return tryToEnter(wanted);
      }
      if (dial && error.retryAfterMs) {
        await wanted.delay(error);
        return tryToEnter(wanted);
      }
      if (state === 'reconnecting') {
        // Of other failures only the last one is reported, by `close`.
        if (error.code === 'ERR_CLIENT_TOKEN') emit('error', error);
        relay.rpc.close();
      }
      throw error;
    });

  /** Ends the session in the client. */
  const end = (error = left()) => {
    desired?.end(error);
    desired = undefined;
    messages.forget();
    drop(error);
    if (state !== 'closed') setState('open');
  };
  const drop = (error: RelayClientError) => {
    relay.forget();
    const dropped = [...sessions];
    session = undefined;
    others.reset();
    for (const each of dropped) each.close(error);
    changes.reset();
  };

  /** @param reason undefined if the application closes the client */
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

  const self = {
    others,
    messages,
    authenticate: relay.authenticate,
    renewToken: relay.renewToken,
    expire: relay.expire,
    /** Ends the session on the SFU, and joins again in its place. */
    restoreMedia: (broken: ClientSession, error: RelayClientError) => {
      if (session === broken) recover(error);
    },
    watch: () => desired?.watch(relay.rpc),
    requireJoined,
    perform,
    request,
    rejoin,
    interrupt,
    peer: (number = 1) => [...sessions].find(({ peer }) => peer === number),
    get state() {
      return state;
    },
    get desired() {
      return desired;
    },
    get session() {
      return session;
    },

    async join(how: JoinOptions | AttachOptions): Promise<JoinResult> {
      if (state !== 'open') throw notPossible();
      const params = entryParamsOf(how, !!dial, reload.proof);
      const wanted = desiredState(params, streamControl(others, emit), relay.hint);
      desired = wanted;
      reload.watch(wanted.ended, params, sendLeave, relay.abandon);
      setState('joining');
      try {
        return await tryToEnter(wanted);
      } catch (error) {
        if (desired === wanted) {
          end();
          // The relay may have completed the join nevertheless. A session that was there before stays.
          if (!params.attaches) sendLeave();
        }
        throw error;
      }
    },

    async leave(): Promise<void> {
      if (!desired) return;
      const isAnswered = session?.joinResult;
      if (!relay.rpc.isOpen && (isAnswered || state !== 'joining')) return finish();
      end();
      // Before the relay's answer there may be no session to leave.
      await (isAnswered ? relay.rpc.request('leave') : sendLeave());
    },

    close: () => finish(),
  };
  return self;
}
