import { CloseCode } from '../protocol/close-code.js';
import type { RelayErrorCode } from '../protocol/errors.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import { Counter, CounterSet, Distribution, ERROR_CODES, Outcomes } from './instruments.js';

/**
 * A message from a client: a method of the wire protocol, `other`, or `invalid`.
 * @category Metrics
 */
export type ReceivedMessage = (typeof RECEIVED)[number];

/**
 * A message to a client: a notification of the wire protocol, or the reply to a request.
 * @category Metrics
 */
export type SentMessage = (typeof SENT)[number];

/**
 * Why a hook failed: it threw, missed its deadline, or returned an unusable value.
 * @category Metrics
 */
export type HookFailureReason = 'error' | 'timeout' | 'unusable';

const RECEIVED = [
  'join',
  'attach',
  'rejoin',
  'resume',
  'ack',
  'offer',
  'answer',
  'trickle',
  'subscribe',
  'update',
  'participants',
  'message',
  'stats',
  'moderate',
  'leave',
  'ping',
  'authenticate',
  'invalid',
  'other',
] as const;

const SENT = [
  'result',
  'error',
  'joined',
  'ack',
  'offer',
  'trickle',
  'participants',
  'tracks',
  'message',
  'grants',
  'mute',
  'room',
  'expiring',
  'goaway',
  'rejoin',
  'interrupted',
  'repeated',
] as const;

/** Upper bounds of latencies, in s; a join may take 15 s by default. */
const WAITING_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];

/** Upper bounds of session durations, in s. */
const STAYING_BOUNDS = [10, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800];

/**
 * Totals since the creation of the relay, always counted. `collectMetrics` of `sfu-relay/metrics` exports them to Prometheus.
 * @category Metrics
 */
export class RelayCounters {
  /** WebSockets whose handshake has completed. */
  readonly connectionsOpened = new Counter();
  /**
   * By the side that sent the first close frame, and its code. `1006` of the client: no close frame. Unknown codes count as
   * `other`.
   */
  readonly connectionsClosed: Readonly<Record<'client' | 'relay', CounterSet>> = {
    client: new CounterSet(['1000', '1001', '1005', '1006', 'other'], 'other'),
    relay: new CounterSet(Object.values(CloseCode).map(String)),
  };
  /** Authentications of connections, requests over HTTP, and newer tokens. */
  readonly authentications = new Outcomes(WAITING_BOUNDS);
  readonly joins = new Outcomes(WAITING_BOUNDS);
  /** Joined sessions that ended, by the ending side and the error (`none`). */
  readonly sessionsEnded: Readonly<Record<SessionCloseReason['by'], CounterSet<'none' | RelayErrorCode>>> = {
    client: endings(),
    application: endings(),
    relay: endings(),
    sfu: endings(),
  };
  readonly sessionDurations = new Distribution(STAYING_BOUNDS);
  /** Messages of clients, over WebSocket and HTTP, before any check. */
  readonly received: CounterSet<ReceivedMessage> = new CounterSet(RECEIVED, 'other');
  /** Text of WebSocket messages. */
  readonly receivedBytes = new Counter();
  /** Messages to clients, over WebSocket and HTTP. */
  readonly sent: CounterSet<SentMessage> = new CounterSet(SENT);
  /** Text of WebSocket messages. */
  readonly sentBytes = new Counter();
  /** Messages dropped for slow clients: those of kinds with `mayDrop`, and results of `stats`. */
  readonly dropped: CounterSet<'message' | 'result'> = new CounterSet(['message', 'result']);
  /** Candidates of clients withheld from the SFU, as the connection had `LIMITS.maxCandidates` already. */
  readonly surplusCandidates = new Counter();
  /** Messages and HTTP requests that were answered with an error. */
  readonly refused: CounterSet<RelayErrorCode> = new CounterSet(ERROR_CODES);
  /**
   * HTTP requests with an `Idempotency-Key`: `executed`, `repeated` ones that got the response of the first one, and those `refused` as
   * their body differs from it.
   */
  readonly idempotentRequests: CounterSet<'executed' | 'repeated' | 'refused'> = new CounterSet([
    'executed',
    'repeated',
    'refused',
  ]);
  /** Refusals of the rate limiter, by method; `connect`: a new connection or an HTTP request. */
  readonly rateLimited: CounterSet<ReceivedMessage | 'connect'> = new CounterSet(
    ['connect', ...RECEIVED],
    'other',
  );
  /** Messages that passed because the rate limiter failed or missed its deadline. */
  readonly rateLimiterFailures = new Counter();
  /** Messages to rooms, by kind, each counted once for all recipients. For kinds with `tally`: the counted messages. */
  readonly roomMessages: CounterSet;
  /** Hooks that threw something other than a `RelayError`, missed their deadline, or returned an unusable value. */
  readonly hookFailures: Readonly<Record<HookFailureReason, CounterSet>>;
  /** Response times of the SFU. */
  readonly sfuReplies = {
    join: new Distribution(WAITING_BOUNDS),
    offer: new Distribution(WAITING_BOUNDS),
    subscribe: new Distribution(WAITING_BOUNDS),
  };
  /** Peers that the SFU kept after it had ended their stream with an error: `removed` by the relay, or `left`. */
  readonly abandonedPeers: CounterSet<'removed' | 'left'> = new CounterSet(['removed', 'left']);

  /** Failures of SFU nodes. */
  readonly nodeFailures = new Counter();
  /** Sessions that have lost their peer on the SFU, by how they went on: with another peer, too late, or not at all. */
  readonly interruptions: CounterSet<'resumed' | 'expired' | 'left'> = new CounterSet([
    'resumed',
    'expired',
    'left',
  ]);
  /** Times without a peer, of the resumed sessions. */
  readonly interruptionDurations = new Distribution(WAITING_BOUNDS);
  /** Moves of rooms to other SFU nodes (`relay.moveRoom()`). `cancelled`: the room has returned. */
  readonly roomMoves: CounterSet<'moved' | 'cancelled'> = new CounterSet(['moved', 'cancelled']);
  /** Rooms that the SFU had split: `healed` by another generation; `left` as they were, since that has just been tried. */
  readonly roomSplits: CounterSet<'healed' | 'left'> = new CounterSet(['healed', 'left']);
  /** Sessions of rooms that moved: `moved`, also back; or `closed`, as they did not move in time. */
  readonly sessionMoves: CounterSet<'moved' | 'closed'> = new CounterSet(['moved', 'closed']);
  /**
   * Sessions of clients that lost their connections, by how they went on: `resumed` on another connection; the same with a
   * `snapshot` in place of messages that were not kept; `expired` after the grace time; `left`: ended before. `refused`: requests to
   * resume a session that were refused.
   */
  readonly resumptions: CounterSet<'resumed' | 'snapshot' | 'expired' | 'left' | 'refused'> = new CounterSet([
    'resumed',
    'snapshot',
    'expired',
    'left',
    'refused',
  ]);
  /** Times without a connection, of the sessions that got another one. */
  readonly detachedDurations = new Distribution(WAITING_BOUNDS);

  /** @internal */
  constructor(kinds: Iterable<string>, hookNames: readonly string[] = []) {
    this.roomMessages = new CounterSet(kinds);
    const ofHooks = () => new CounterSet(hookNames);
    this.hookFailures = { error: ofHooks(), timeout: ofHooks(), unusable: ofHooks() };
  }

  /** @internal */
  sessionEnded({ by, error }: SessionCloseReason, durationMs: number): void {
    this.sessionsEnded[by].add(error?.code ?? 'none');
    this.sessionDurations.add(durationMs);
  }
}

function endings() {
  return new CounterSet<'none' | RelayErrorCode>(['none', ...ERROR_CODES]);
}
