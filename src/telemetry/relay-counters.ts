import { CloseCode } from '../protocol/close-code.js';
import type { RelayErrorCode } from '../protocol/errors.js';
import type { SessionCloseReason } from '../protocol/session-state.js';
import { Counter, CounterSet, Distribution, ERROR_CODES, Outcomes } from './instruments.js';

/**
 * What a client has sent: a method of the wire, another one, or what can't be read.
 * @category Metrics
 */
export type ReceivedMessage = (typeof RECEIVED)[number];

/**
 * What a client was sent: a notification of the wire, or the reply to a request.
 * @category Metrics
 */
export type SentMessage = (typeof SENT)[number];

/**
 * What was wrong with a hook: it threw, hung, or returned what can't be used.
 * @category Metrics
 */
export type HookFailureReason = 'error' | 'timeout' | 'unusable';

const RECEIVED = [
  'join',
  'attach',
  'rejoin',
  'offer',
  'answer',
  'trickle',
  'subscribe',
  'update',
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
] as const;

/** Upper bounds of what somebody waits for, s; a join has 15 by default. */
const WAITING_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];

/** Of how long somebody stays, s. */
const STAYING_BOUNDS = [10, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800];

/**
 * What has happened since the relay was made. It is counted whether or not anybody looks, in plain numbers;
 * `collectMetrics` of `sfu-relay/metrics` gives them to Prometheus.
 * @category Metrics
 */
export class RelayCounters {
  /** WebSockets, from their handshake on. */
  readonly connectionsOpened = new Counter();
  /**
   * By the code of the close frame, and who sent it first. `1006` among the client's: there was none. Codes that the
   * relay does not know are `other`.
   */
  readonly connectionsClosed: Readonly<Record<'client' | 'relay', CounterSet>> = {
    client: new CounterSet(['1000', '1001', '1005', '1006', 'other'], 'other'),
    relay: new CounterSet(Object.values(CloseCode).map(String)),
  };
  /** Of connections, of requests over HTTP, and of newer tokens. */
  readonly authentications = new Outcomes(WAITING_BOUNDS);
  readonly joins = new Outcomes(WAITING_BOUNDS);
  /** Those that had joined, by who ended them and the error; `none` where there was none. */
  readonly sessionsEnded: Readonly<Record<SessionCloseReason['by'], CounterSet<'none' | RelayErrorCode>>> = {
    client: endings(),
    application: endings(),
    relay: endings(),
    sfu: endings(),
  };
  readonly sessionDurations = new Distribution(STAYING_BOUNDS);
  /** Messages of clients, over WebSocket and HTTP, before anything is asked of them. */
  readonly received: CounterSet<ReceivedMessage> = new CounterSet(RECEIVED, 'other');
  /** Text of WebSocket messages. */
  readonly receivedBytes = new Counter();
  /** Messages to clients, over WebSocket and HTTP. */
  readonly sent: CounterSet<SentMessage> = new CounterSet(SENT);
  /** Text of WebSocket messages. */
  readonly sentBytes = new Counter();
  /** Left out for clients that are behind with their reading: messages of kinds with `mayDrop`, results of `stats`. */
  readonly dropped: CounterSet<'message' | 'result'> = new CounterSet(['message', 'result']);
  /** Candidates of clients that the SFU did not get to see, as it had `LIMITS.maxCandidates` of the connection. */
  readonly surplusCandidates = new Counter();
  /** Messages, and requests over HTTP, that were answered by an error. */
  readonly refused: CounterSet<RelayErrorCode> = new CounterSet(ERROR_CODES);
  /** What the rate limiter has refused, by method; `connect`: a new connection, or a request over HTTP. */
  readonly rateLimited: CounterSet<ReceivedMessage | 'connect'> = new CounterSet(
    ['connect', ...RECEIVED],
    'other',
  );
  /** The rate limiter failed or hung, and the message has passed. */
  readonly rateLimiterFailures = new Counter();
  /** What rooms were told, by kind; each once, however many hear it. Of kinds that are tallied, what was counted. */
  readonly roomMessages: CounterSet;
  /** Hooks that threw something other than a `RelayError`, hung, or returned what can't be used. */
  readonly hookFailures: Readonly<Record<HookFailureReason, CounterSet>>;
  /** How long the SFU took to answer. */
  readonly sfuReplies = {
    join: new Distribution(WAITING_BOUNDS),
    offer: new Distribution(WAITING_BOUNDS),
    subscribe: new Distribution(WAITING_BOUNDS),
  };
  /** Peers that the SFU kept, though it had ended their stream by an error. The relay has removed them, or could not. */
  readonly abandonedPeers: CounterSet<'removed' | 'left'> = new CounterSet(['removed', 'left']);

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
