import type {
  ClientRequests,
  JoinParams,
  JoinResult,
  Metadata,
  Role,
  SessionDescription,
} from '../../protocol/messages.js';
import type { Rpc } from '../connection/json-rpc.js';

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

/**
 * Options of `attach()`: what `POST /session` has returned.
 * @category Client
 */
export interface AttachOptions {
  sessionId: string;
  sessionToken: string;
}

/** Of `join`, or at first of `attach`. */
export type EntryParams = Omit<JoinParams, 'offer'> & { attaches?: ClientRequests['attach']['params'] };

/** @param replaces the session of the page before it was reloaded */
export function entryParamsOf(
  options: JoinOptions | AttachOptions,
  canResume: boolean,
  replaces: JoinParams['replaces'],
): EntryParams {
  const {
    roomId: sid,
    userId: uid,
    autoSubscribe,
    sessionId,
    ...rest
  } = options as JoinOptions & AttachOptions;
  const capabilities = canResume ? ['rejoin', 'resume'] : ['rejoin'];
  // JSON omits undefined members.
  if (sessionId)
    return {
      attaches: { sessionId, ...rest, capabilities },
      capabilities,
    } as Partial<EntryParams> as EntryParams;
  const config = autoSubscribe ? undefined : { NoAutoSubscribe: 'true' };
  return { sid, uid, ...rest, config, capabilities, replaces } as EntryParams;
}

/**
 * Joins, or replaces the peer of the attached session by that of this client.
 * @param attached the result of the attachment
 * @param number of the peer of this client
 */
export async function enterBy(
  { request }: Rpc,
  offer: SessionDescription,
  params: EntryParams,
  attached: JoinResult | undefined,
  number: number,
): Promise<unknown> {
  if (!attached) return request('join', { ...params, offer });
  const result = await request('rejoin', { peer: number, offer });
  request('leave', { peer: attached.peer }).catch(() => {});
  const answer = { ...params.attaches, ...result };
  // A recovery joins, in the place of this session.
  Object.assign(params, { sid: result.roomId, role: result.role, attaches: undefined });
  return answer;
}
