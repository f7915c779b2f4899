import { type Authenticate, checkAuthenticate, type Principal } from '../access/authentication.js';
import { withAuthenticationDeadline } from '../access/authentication-deadline.js';
import { steadyCounts } from '../backplane/attempt.js';
import type { Backplane } from '../backplane/backplane.js';
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
import type { ParticipantPolicy } from '../room/participants/participant-notifier.js';
import { type ResolvedPoolOptions, resolveSfuOptions, type SfuOptions } from '../sfu/pool/options.js';
import { RelayCounters } from '../telemetry/relay-counters.js';
import { checkOptions, integer, type Keys, oneOf } from '../util/check-options.js';
import { type Logger, resolveLogger } from '../util/logger.js';
import { type IceServersFor, type IceServersFunction, resolveIceServers } from './ice-servers.js';
import { type ResolvedResumption, type ResumptionOptions, resolveResumption } from './resumption-options.js';
import { checkBackplane } from './shared/check-backplane.js';

/**
 * The options of a relay, checked in its constructor.
 * @category Configuration
 */
export interface SfuRelayOptions<P extends Principal = Principal, Kinds extends MessageKinds = MessageKinds> {
  /** The SFU: one, or several nodes. */
  sfu: SfuOptions;
  /** Identifies clients. `anonymous()` admits everybody. */
  authenticate: Authenticate<P>;
  /**
   * Deadline of `authenticate`, in ms. A client that waits longer gets `ERR_RELAY_AUTH_UNAVAILABLE` (4503, over HTTP 503) and
   * may try again; an error is logged. Keep it below the `handshakeTimeoutMs` of the transports, or WebSockets
   * are closed with 4408 first. @default 9000
   */
  authenticateTimeoutMs?: number;
  /** Functions that the relay calls at each step (docs/HOOKS.md). @default none */
  hooks?: Hooks<P, Kinds>;
  /** Deadline of a hook, or of the schema of a message, in ms. @default 5000 */
  hookTimeoutMs?: number;
  /**
   * What happens when a hook fails, misses its deadline, or returns an unusable value: `refuse` the message, or let it `pass`.
   * @default 'refuse' for all
   */
  hookFailure?: HookFailure;
  /**
   * Limits how much each client may send: `rateLimits()` of `sfu-relay/limits`, or your own. Messages pass where it fails or
   * misses `hookTimeoutMs`. @default none
   */
  rateLimiter?: RateLimiter;
  /** Limits of concurrent sessions, participants, rooms and connections. @default unlimited */
  limits?: CountLimits;
  /**
   * When a user joins a room that they are in already: `allow` keeps both sessions, `replace` closes the older one (4409),
   * `reject` refuses the newer one (`ERR_RELAY_SESSION_EXISTS`). @default 'allow'
   */
  duplicateUser?: DuplicateUser;
  /**
   * The only video codec allowed; Ion disconnects viewers of a room with two. Others are removed from the clients' offers, and
   * an offer without it is refused. Audio is Opus. @default 'VP8'
   */
  videoCodec?: VideoCodec;
  /** Stores bans. @default the memory of this process */
  bans?: BanStore;
  /** Shares the rooms with the relays of other processes, by `redisBackplane()` of `sfu-relay/redis`. @default this relay has its rooms alone */
  backplane?: Backplane;
  /** Which ICE candidates of clients are forwarded to the SFU. @default all */
  candidates?: CandidatePolicy;
  /**
   * The SFU forwards a client's data channels to the whole room, past all checks of the relay, and a burst of messages while the
   * client leaves can crash Ion. `refuse` refuses offers with `m=application`: use it for untrusted clients. The client library
   * offers no data channel; `ion-sdk-js` always offers one and needs `allow`. Sessions without the grant `canPublishData` are
   * refused data channels in either case. The SFU's own channel `ion-sfu` always stays. @default 'allow'
   */
  dataChannels?: 'allow' | 'refuse';
  /**
   * Ion crashes on a `subscribe` to a simulcast layer after the subscriber's ICE has failed, which the relay can't see. `safe`
   * accepts such requests only in the first 20 s of a session, before ICE can fail (Ion's timeouts are 30 s). `any` always
   * accepts them: for trusted clients, or a patched Ion. @default 'safe'
   */
  layerSubscriptions?: 'safe' | 'any';
  /**
   * ICE servers in the result of a join: a list, or a function that returns one for each session, such as `turnRest()`. If the
   * function throws, returns an unusable value or misses `hookTimeoutMs`, the client joins without any. @default none
   */
  iceServers?: readonly IceServer[] | IceServersFunction<P>;
  /**
   * The message kinds that participants may send to their room, by name: `chat()`, `like()`, `gift()`, and your own, each with
   * a schema (docs/MESSAGES.md). `{}` allows none. @default { chat: chat(), like: like() }
   */
  messages?: Kinds;
  /**
   * Participants of a room that clients get a list of. Of more, viewers are counted (`audience`), but for those who wrote last; who
   * publishes or moderates is always listed. @default 100
   */
  maxListedParticipants?: number;
  /**
   * ms between two events that tell a room of viewers who come, go and change. Those of participants who publish or moderate are
   * told at once. A count of more than ten times `maxListedParticipants` that has changed by less than 2 % may take six of these. 0 gathers nothing.
   * @default 250
   */
  participantsIntervalMs?: number;
  /** ms within which the SFU has to answer a join or an offer. @default 15000 */
  joinTimeoutMs?: number;
  /** ms within which a client has to answer an offer of the SFU. @default 30000 */
  answerTimeoutMs?: number;
  /**
   * ms that a session whose peer the SFU has lost stays in its room: until its client has joined another SFU node, or the same one
   * when that is back. @default 60000
   */
  interruptionTimeoutMs?: number;
  /**
   * Sessions wait for clients that have lost their connections; `false`: they end with them (docs/PROTOCOL.md#resumption). It
   * concerns clients with the capability `resume`. @default { graceMs: 30000 }, with the other defaults
   */
  resumption?: false | ResumptionOptions;
  /** Deadline of a health check, in ms. @default 3000 */
  healthTimeoutMs?: number;
  /**
   * ms before a principal's `expiresAt` at which its client is notified (`expiring`); for a shorter lifetime, half of it.
   * @default 60000
   */
  expiryWarningMs?: number;
  /**
   * A pino logger, or any object with `debug`, `info`, `warn` and `error`. `false` logs nothing.
   * @default warnings and errors go to stderr
   */
  logger?: Logger | false;
}

export interface ResolvedOptions<P extends Principal> {
  duplicateUser: DuplicateUser;
  videoCodec: VideoCodec;
  bans: BanStore;
  backplane: Backplane | undefined;
  sharedCounts: Pick<Backplane, 'reserve' | 'release'> | undefined;
  candidates: CandidatePolicy;
  dataChannels: 'allow' | 'refuse';
  layerSubscriptions: 'safe' | 'any';
  sfu: ResolvedPoolOptions;
  authenticate: Authenticate<P>;
  hooks: HookRunner<P>;
  iceServers: IceServersFor<P>;
  rateLimiter: SafeRateLimiter | undefined;
  limits: ResolvedCountLimits;
  messages: ResolvedKinds;
  participants: ParticipantPolicy;
  hookTimeoutMs: number;
  joinTimeoutMs: number;
  answerTimeoutMs: number;
  interruptionTimeoutMs: number;
  resumption: ResolvedResumption | undefined;
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
  backplane: true,
  candidates: true,
  dataChannels: true,
  layerSubscriptions: true,
  iceServers: true,
  messages: true,
  maxListedParticipants: true,
  participantsIntervalMs: true,
  joinTimeoutMs: true,
  answerTimeoutMs: true,
  interruptionTimeoutMs: true,
  resumption: true,
  healthTimeoutMs: true,
  expiryWarningMs: true,
  logger: true,
};

/** A hook among the options belongs into `hooks`. */
const HOOKS = Object.fromEntries(HOOK_NAMES.map((name) => [name, `hooks: { ${name}(…) {} }`]));

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead. */
export function resolveOptions<P extends Principal>(options: SfuRelayOptions<P>): ResolvedOptions<P> {
  const example = 'new SfuRelay({ sfu: { serverUrl: "localhost:5551" }, authenticate })';
  checkOptions({ name: 'SfuRelay', example, misplaced: HOOKS }, options, KEYS);
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
    bans: resolveBans(options.bans, hookTimeoutMs, options.backplane),
    backplane: checkBackplane(options.backplane),
    sharedCounts: options.backplane && steadyCounts(options.backplane),
    candidates: resolveCandidatePolicy(options.candidates),
    iceServers: resolveIceServers(options.iceServers, { timeoutMs: hookTimeoutMs, logger }),
    messages,
    participants: {
      maxListedParticipants: integer(options, 'maxListedParticipants', 100, 0, 10_000),
      participantsIntervalMs: integer(options, 'participantsIntervalMs', 250, 0, 60_000),
    },
    hookTimeoutMs,
    joinTimeoutMs: integer(options, 'joinTimeoutMs', 15_000),
    answerTimeoutMs: integer(options, 'answerTimeoutMs', 30_000),
    interruptionTimeoutMs: integer(options, 'interruptionTimeoutMs', 60_000),
    resumption: resolveResumption(options.resumption),
    healthTimeoutMs: integer(options, 'healthTimeoutMs', 3_000),
    expiryWarningMs: integer(options, 'expiryWarningMs', 60_000),
    logger,
    counters,
  };
}
