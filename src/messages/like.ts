import { LIMITS } from '../protocol/limits.js';
import { checkOptions } from '../util/check-options.js';
import { type MessageKind, TALLY_KEYS, type TallyOptions } from './message-kind.js';
import { isCount, schemaOf } from './schema.js';

/**
 * What many give at once: `{count}`, 1 where it is left out. The room hears one `{count, total}` a window, whatever
 * they are, and slow readers miss some of these: the next has the exact total.
 * @category Messages
 */
export function like(tally: TallyOptions = {}): MessageKind {
  checkOptions({ name: 'like()', example: 'like({ windowMs: 250 })' }, tally, TALLY_KEYS);
  const schema = schemaOf((data) => {
    const { count = 1 } = (data ?? {}) as { count?: unknown };
    return isCount(count) ? { count } : `"count" must be an integer of 1 to ${LIMITS.maxMessageCount}`;
  });
  return { schema, tally, mayDrop: true };
}
