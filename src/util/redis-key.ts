import { createHash } from 'node:crypto';
import { LIMITS } from '../protocol/limits.js';

/** An id as part of a Redis key: without separators and hash tags of a cluster, and of bounded length. */
export function redisKey(id: string): string {
  if (id.length <= LIMITS.maxIdLength && id.isWellFormed()) return encodeURIComponent(id);
  // Distinct from encoded ids: encodeURIComponent escapes #.
  return `#${createHash('sha256').update(id, 'utf16le').digest('base64url')}`;
}
