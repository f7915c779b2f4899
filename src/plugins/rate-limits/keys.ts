import { createHash } from 'node:crypto';
import { LIMITS } from '../../protocol/limits.js';

/** An id as a part of a Redis key: without separators and a cluster's hash tags, and of bounded length. */
export function redisKey(id: string): string {
  if (id.length <= LIMITS.maxIdLength && id.isWellFormed()) return encodeURIComponent(id);
  // encodeURIComponent never gives a #.
  return `#${createHash('sha256').update(id, 'utf16le').digest('base64url')}`;
}
