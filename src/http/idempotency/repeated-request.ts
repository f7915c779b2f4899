import { createHash } from 'node:crypto';
import { isSameHash } from '../../access/session-token.js';

/** A request with an `Idempotency-Key`, as every process knows it that it may have reached first. JSON; no part of it can be read back. */
export interface RepeatedRequest {
  /** Of the client, the method, the path and the key. */
  readonly id: string;
  /** Of the body. */
  readonly fingerprint: string;
  /** Of the session token that it was sent with. */
  readonly tokenHash?: string | undefined;
}

/** Whether both were sent with the same session token, or both without one. */
export function isSameToken(
  { tokenHash: one }: Pick<RepeatedRequest, 'tokenHash'>,
  { tokenHash: other }: Pick<RepeatedRequest, 'tokenHash'>,
): boolean {
  return one === undefined || other === undefined ? one === other : isSameHash(one, other);
}

/** One character per byte, as it is held for some time. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('binary');
}
