import type { RelayError } from './errors.js';

/**
 * Why a session ended: its client left, the application closed it, the relay closed, or the SFU ended it.
 * @category Session
 */
export interface SessionCloseReason {
  by: 'client' | 'application' | 'relay' | 'sfu';
  error?: RelayError;
}

/** @category Session */
export type SessionState = 'joining' | 'joined' | 'closing' | 'closed';
