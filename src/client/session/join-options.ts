import type { JoinParams, Metadata, Role } from '../../protocol/messages.js';

/**
 * Options of `join()`.
 * @category Client
 */
export interface JoinOptions {
  roomId: string;
  /** The user of the token takes precedence. Without either, the relay generates an id. */
  userId?: string;
  /** @default 'publisher' if the grants allow it, otherwise 'subscriber' */
  role?: Role;
  /**
   * Receive all tracks of the room; otherwise only those of `subscribe()`.
   * @default true
   */
  autoSubscribe?: boolean;
  /** Metadata of the participant for the others in the room: JSON of up to 4 KiB. */
  metadata?: Metadata;
}

/** @param replaces the session of the page before it was reloaded */
export function joinParamsOf(
  { roomId: sid, userId: uid, autoSubscribe, ...rest }: JoinOptions,
  canResume: boolean,
  replaces: JoinParams['replaces'],
): Omit<JoinParams, 'offer'> {
  const config = autoSubscribe ? undefined : { NoAutoSubscribe: 'true' };
  const capabilities = canResume ? ['rejoin', 'resume'] : ['rejoin'];
  // JSON omits undefined members.
  return { sid, uid, ...rest, config, capabilities, replaces } as Omit<JoinParams, 'offer'>;
}
