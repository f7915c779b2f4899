import { LIMITS } from '../protocol/limits.js';
import { checkOptions } from '../util/check-options.js';
import { type MessageKind, TALLY_KEYS, type TallyOptions } from './message-kind.js';
import { isCount, schemaOf } from './schema.js';

/** @category Messages */
export interface LikeData {
  count: number;
}

/**
 * Likes: `{count}`, 1 by default. The room receives one `{count, total}` for each window. Slow clients miss some of them; the
 * next one has the exact total.
 * @category Messages
 */
export function like(tally: TallyOptions = {}): MessageKind<LikeData> {
  checkOptions({ name: 'like()', example: 'like({ windowMs: 250 })' }, tally, TALLY_KEYS);
  const schema = schemaOf((data) => {
    const { count = 1 } = (data ?? {}) as { count?: unknown };
    return isCount(count) ? { count } : `"count" must be an integer of 1 to ${LIMITS.maxMessageCount}`;
  });
  return { schema, tally, mayDrop: true };
}
