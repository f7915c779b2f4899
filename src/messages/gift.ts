import { LIMITS } from '../protocol/limits.js';
import { checkOptions, type Keys } from '../util/check-options.js';
import type { MessageKind } from './message-kind.js';
import { isCount, schemaOf } from './schema.js';

/** @category Messages */
export type GiftOptions = Pick<MessageKind, 'schema' | 'maxDataBytes'>;

const KEYS: Keys<GiftOptions> = { schema: true, maxDataBytes: true };

/**
 * What one gives: `{gift, count}`, the id of a gift and how many, 1 where it is left out. Each has an `id` of its
 * sender's: sent again with the same one it is acknowledged again, and neither delivered nor shown to `onMessage`
 * twice. What it costs, and who has it, is for `onMessage` to say.
 * @category Messages
 */
export function gift(options: GiftOptions = {}): MessageKind {
  checkOptions({ name: 'gift()', example: 'gift() or gift({ schema })' }, options, KEYS);
  const schema = schemaOf((data) => {
    const { gift, count = 1 } = (data ?? {}) as { gift?: unknown; count?: unknown };
    if (typeof gift !== 'string' || gift === '' || gift.length > LIMITS.maxIdLength)
      return `"gift" must be a string of 1 to ${LIMITS.maxIdLength} characters`;
    return isCount(count) ? { gift, count } : `"count" must be an integer of 1 to ${LIMITS.maxMessageCount}`;
  });
  return { schema, requireId: true, ...options };
}
