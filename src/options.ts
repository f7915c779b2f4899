import type { Authenticate, Principal } from './authentication.js';
import { RelayError } from './errors.js';
import { type Logger, silentLogger } from './logger.js';
import type { IceServer, Role } from './model.js';
import type { Session, SessionCloseReason } from './session.js';
import { integer, type ResolvedSfuOptions, resolveSfuOptions, type SfuOptions } from './sfu/options.js';

/**
 * What the application wants to be asked, or told.
 * @category Relay
 */
export interface Hooks<P extends Principal = Principal> {
  /** Before a session joins; may be async. Throw to refuse: a `RelayError` reaches the client as it is. */
  onJoin?(join: JoinContext<P>): void | Promise<void>;
  /** After a session has ended. */
  onLeave?(leave: { session: Session<P>; reason: SessionCloseReason }): void | Promise<void>;
}

/** @category Relay */
export interface JoinContext<P extends Principal = Principal> {
  sessionId: string;
  roomId: string;
  userId: string;
  role: Role;
  principal: P | undefined;
}

/**
 * Checked in the constructor, and never changed after it.
 * @category Configuration
 */
export interface SfuRelayOptions<P extends Principal = Principal> {
  sfu: SfuOptions;
  /** Who may come in. `anonymous()` lets everybody. */
  authenticate: Authenticate<P>;
  hooks?: Hooks<P>;
  /** Handed to clients with the result of their join. @default none */
  iceServers?: readonly IceServer[];
  /** ms from a join, or an offer, to the SFU's answer. @default 15000 */
  joinTimeoutMs?: number;
  /** ms that a client has for answering an offer of the SFU. @default 30000 */
  answerTimeoutMs?: number;
  /** ms that a health check may take. @default 3000 */
  healthTimeoutMs?: number;
  /** @default silent */
  logger?: Logger;
}

export interface ResolvedOptions<P extends Principal> {
  sfu: ResolvedSfuOptions;
  authenticate: Authenticate<P>;
  hooks: Hooks<P>;
  iceServers: IceServer[];
  joinTimeoutMs: number;
  answerTimeoutMs: number;
  healthTimeoutMs: number;
  logger: Logger;
}

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead. */
export function resolveOptions<P extends Principal>(options: SfuRelayOptions<P>): ResolvedOptions<P> {
  if (typeof options?.authenticate !== 'function')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      '"authenticate" is missing: write authenticate: async (request) => ({ userId }), or authenticate: anonymous() for a demo.',
    );
  return {
    sfu: resolveSfuOptions(options.sfu),
    authenticate: options.authenticate,
    hooks: { ...options.hooks },
    iceServers: structuredClone([...(options.iceServers ?? [])]),
    joinTimeoutMs: integer(options, 'joinTimeoutMs', 15_000),
    answerTimeoutMs: integer(options, 'answerTimeoutMs', 30_000),
    healthTimeoutMs: integer(options, 'healthTimeoutMs', 3_000),
    logger: options.logger ?? silentLogger,
  };
}
