import { type Authenticate, checkAuthenticate, type Principal } from '../access/authentication.js';
import { withAuthenticationDeadline } from '../access/authentication-deadline.js';
import { type BanStore, resolveBans } from '../backplane/ban-store.js';
import type { VideoCodec } from '../guard/codecs.js';
import { type CandidatePolicy, resolveCandidatePolicy } from '../guard/ice-candidate.js';
import { HOOK_NAMES, HookRunner } from '../hooks/hook-runner.js';
import type { HookFailure, Hooks } from '../hooks/hooks.js';
import { type CountLimits, type ResolvedCountLimits, resolveCountLimits } from '../limits/count-limits.js';
import { type RateLimiter, SafeRateLimiter } from '../limits/rate-limiter.js';
import { type ChatData, chat } from '../messages/chat.js';
import { type LikeData, like } from '../messages/like.js';
import {
  type MessageKind,
  type MessageKinds,
  type ResolvedKinds,
  resolveKinds,
} from '../messages/message-kind.js';
import { RelayError } from '../protocol/errors.js';
import type { IceServer } from '../protocol/types.js';
import { type ResolvedSfuOptions, resolveSfuOptions, type SfuOptions } from '../sfu/ion/options.js';
import { RelayCounters } from '../telemetry/relay-counters.js';
import { checkOptions, integer, type Keys, oneOf } from '../util/check-options.js';
import { type Logger, resolveLogger } from '../util/logger.js';
import { type IceServersFor, type IceServersFunction, resolveIceServers } from './ice-servers.js';

/**
 * Checked in the constructor, and never changed after it.
 * @category Configuration
 */
export interface SfuRelayOptions<P extends Principal = Principal, Kinds extends MessageKinds = MessageKinds> {
  sfu: SfuOptions;
  /** Who may come in. `anonymous()` lets everybody. */
  authenticate: Authenticate<P>;
  /**
   * ms that `authenticate` has for its answer. After that the client gets `ERR_RELAY_AUTH_UNAVAILABLE` (4503, over HTTP
   * 503) and may try again; the log has an error. Keep it below the `handshakeTimeoutMs` of the transports, or WebSockets
   * are closed with 4408 first. @default 9000
   */
  authenticateTimeoutMs?: number;
  /** Functions that the relay calls at each step (docs/HOOKS.md). @default none */
  hooks?: Hooks<P, Kinds>;
  /** ms that a hook, or the schema of a message, has for its answer. @default 5000 */
  hookTimeoutMs?: number;
  /**
   * What a hook was asked for when it fails, hangs, or returns what can't be used: `refuse` it, or let it `pass`.
   * @default 'refuse' for all
   */
  hookFailure?: HookFailure;
  /**
   * How much each client may send: `rateLimits()` of `sfu-relay/limits`, or one of your own. One that fails, or has no
   * answer within `hookTimeoutMs`, stops nobody. @default none
   */
  rateLimiter?: RateLimiter;
  /** How many sessions, participants, rooms and connections there may be. @default unlimited */
  limits?: CountLimits;
  /**
   * A user who is in the room already joins again: both stay, the newer one replaces the older (closed with 4409),
   * or it is refused (`ERR_RELAY_SESSION_EXISTS`). @default 'allow'
   */
  duplicateUser?: DuplicateUser;
  /**
   * The codec of every video; audio is Opus. Ion throws viewers out when a room has a second one, so the others are
   * taken out of the clients' offers, and an offer without it is refused. @default 'VP8'
   */
  videoCodec?: VideoCodec;
  /** Who is banned from which room. @default in the memory of this process */
  bans?: BanStore;
  /** Which of the clients' ICE candidates the SFU gets to see. @default all */
  candidates?: CandidatePolicy;
  /**
   * Data channels that a client opens are fanned out to the whole room by the SFU, past all that the relay checks,
   * and a burst of them while the client leaves can end Ion's process. `refuse` keeps every `m=application` out of the
   * clients' offers: for clients that you don't know. The client library offers none; `ion-sdk-js` always offers one,
   * and needs `allow`. With `allow`, sessions without the grant `canPublishData` are refused it all the same. The SFU's
   * own channel `ion-sfu` stays in either case. @default 'allow'
   */
  dataChannels?: 'allow' | 'refuse';
  /**
   * Ion dies of a `subscribe` to a simulcast layer when the subscriber's ICE has failed, which the relay can't see.
   * `safe` takes such a request only in a session's first 20 s, in which ICE can't have failed (Ion's timeouts are
   * 30 s). `any` takes it always: for clients that you trust, or an Ion that is mended. @default 'safe'
   */
  layerSubscriptions?: 'safe' | 'any';
  /**
   * Handed to clients with the result of their join: a list, or a function that gives one for each session, such as
   * `turnRest()`. Where it throws, gives what can't be used, or nothing within `hookTimeoutMs`, the join goes on without
   * any. @default none
   */
  iceServers?: readonly IceServer[] | IceServersFunction<P>;
  /**
   * The kinds of messages that participants may send to their room, by name: `chat()`, `like()`, `gift()`, and kinds of
   * your own, each with a schema (docs/MESSAGES.md). `{}` takes none. @default { chat: chat(), like: like() }
   */
  messages?: Kinds;
  /** ms from a join, or an offer, to the SFU's answer. @default 15000 */
  joinTimeoutMs?: number;
  /** ms that a client has for answering an offer of the SFU. @default 30000 */
  answerTimeoutMs?: number;
  /** ms that a health check may take. @default 3000 */
  healthTimeoutMs?: number;
  /**
   * ms before a principal's `expiresAt` at which its client is told (`expiring`); of a shorter life, half of it.
   * @default 60000
   */
  expiryWarningMs?: number;
  /**
   * Takes the relay's log: a pino logger, or any object with `debug`, `info`, `warn` and `error`. `false` writes nothing.
   * @default warnings and errors go to stderr
   */
  logger?: Logger | false;
}

export interface ResolvedOptions<P extends Principal> {
  duplicateUser: DuplicateUser;
  videoCodec: VideoCodec;
  bans: BanStore;
  candidates: CandidatePolicy;
  dataChannels: 'allow' | 'refuse';
  layerSubscriptions: 'safe' | 'any';
  sfu: ResolvedSfuOptions;
  authenticate: Authenticate<P>;
  hooks: HookRunner<P>;
  iceServers: IceServersFor<P>;
  rateLimiter: SafeRateLimiter | undefined;
  limits: ResolvedCountLimits;
  messages: ResolvedKinds;
  hookTimeoutMs: number;
  joinTimeoutMs: number;
  answerTimeoutMs: number;
  healthTimeoutMs: number;
  expiryWarningMs: number;
  logger: Logger;
  counters: RelayCounters;
}

/** @category Configuration */
export type DuplicateUser = 'allow' | 'replace' | 'reject';

/**
 * The message kinds of a relay without the option `messages`.
 * @category Messages
 */
export type DefaultMessageKinds = {
  readonly chat: MessageKind<ChatData>;
  readonly like: MessageKind<LikeData>;
};

const DEFAULT_KINDS: DefaultMessageKinds = { chat: chat(), like: like() };

const KEYS: Keys<SfuRelayOptions> = {
  sfu: true,
  authenticate: true,
  authenticateTimeoutMs: true,
  hooks: true,
  hookTimeoutMs: true,
  hookFailure: true,
  rateLimiter: true,
  limits: true,
  duplicateUser: true,
  videoCodec: true,
  bans: true,
  candidates: true,
  dataChannels: true,
  layerSubscriptions: true,
  iceServers: true,
  messages: true,
  joinTimeoutMs: true,
  answerTimeoutMs: true,
  healthTimeoutMs: true,
  expiryWarningMs: true,
  logger: true,
};

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead. */
export function resolveOptions<P extends Principal>(options: SfuRelayOptions<P>): ResolvedOptions<P> {
  const example = 'new SfuRelay({ sfu: { serverUrl: "localhost:5551" }, authenticate })';
  checkOptions({ name: 'SfuRelay', example }, options, KEYS);
  checkAuthenticate(options.authenticate);
  const { rateLimiter } = options;
  const logger = resolveLogger(options.logger);
  const hookTimeoutMs = integer(options, 'hookTimeoutMs', 5_000);
  if (rateLimiter !== undefined && typeof rateLimiter?.consume !== 'function')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      '"rateLimiter" must have a method consume: write rateLimiter: rateLimits(), of sfu-relay/limits.',
    );
  const messages = resolveKinds(options.messages === undefined ? DEFAULT_KINDS : options.messages);
  const counters = new RelayCounters(messages.keys(), HOOK_NAMES);
  return {
    sfu: resolveSfuOptions(options.sfu),
    authenticate: withAuthenticationDeadline(
      options.authenticate,
      integer(options, 'authenticateTimeoutMs', 9_000),
    ),
    hooks: new HookRunner<P>(options.hooks ?? {}, {
      timeoutMs: hookTimeoutMs,
      failure: options.hookFailure ?? {},
      logger,
      failures: counters.hookFailures,
    }),
    rateLimiter:
      rateLimiter && new SafeRateLimiter(rateLimiter, { timeoutMs: hookTimeoutMs, logger, counters }),
    limits: resolveCountLimits(options.limits),
    duplicateUser: oneOf('duplicateUser', options.duplicateUser, ['allow', 'replace', 'reject']),
    videoCodec: oneOf('videoCodec', options.videoCodec, ['VP8', 'VP9', 'H264']),
    dataChannels: oneOf('dataChannels', options.dataChannels, ['allow', 'refuse']),
    layerSubscriptions: oneOf('layerSubscriptions', options.layerSubscriptions, ['safe', 'any']),
    bans: resolveBans(options.bans),
    candidates: resolveCandidatePolicy(options.candidates),
    iceServers: resolveIceServers(options.iceServers, { timeoutMs: hookTimeoutMs, logger }),
    messages,
    hookTimeoutMs,
    joinTimeoutMs: integer(options, 'joinTimeoutMs', 15_000),
    answerTimeoutMs: integer(options, 'answerTimeoutMs', 30_000),
    healthTimeoutMs: integer(options, 'healthTimeoutMs', 3_000),
    expiryWarningMs: integer(options, 'expiryWarningMs', 60_000),
    logger,
    counters,
  };
}
