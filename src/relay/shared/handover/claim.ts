import { isSameHash } from '../../../access/session-token.js';

/** ms within which a process that lives answers a claim: a client waits. */
export const ALIVE_MS = 1_000;

/** What proves to be the owner of a session. Of the tokens, only hashes are known. */
export interface OwnershipProof {
  /** The user whom the application has named; undefined if it has named none. */
  readonly userId?: string | undefined;
  /** Of the session token, and of the one before while the client may not have received the newest. */
  readonly hashes: readonly string[];
}

/** A client says that a session is its own. */
export interface SessionClaim {
  readonly sessionId: string;
  /** The user whom the application has named; undefined if it has named none. */
  readonly userId?: string | undefined;
  /** Of the session token that the client has brought. */
  readonly hash: string;
}

/** Where the application names no user, the session token alone identifies the client. */
export function proves({ userId, hash }: SessionClaim, proof: OwnershipProof): boolean {
  return userId === proof.userId && proof.hashes.some((each) => isSameHash(hash, each));
}
