import { LIMITS } from '../protocol/limits.js';
import { checkOptions, type Keys } from '../util/check-options.js';
import type { MessageKind } from './message-kind.js';
import { isCount, schemaOf } from './schema.js';

/** @category Messages */
export type GiftOptions<Data = unknown> = Pick<MessageKind<Data>, 'schema' | 'maxDataBytes'>;

/** @category Messages */
export interface GiftData {
  /** The id of a gift. */
  gift: string;
  count: number;
}

const KEYS: Keys<GiftOptions> = { schema: true, maxDataBytes: true };

/**
 * Gifts: `{gift, count}`, the id of a gift and how many of it, 1 by default. Every message needs an `id` chosen by its sender:
 * sent again with the same `id`, it is acknowledged again, but neither delivered nor passed to `onMessage` a second time.
 * `onMessage` decides what a gift costs and whether the sender can pay.
 * @category Messages
 */
export function gift(options?: Omit<GiftOptions, 'schema'>): MessageKind<GiftData>;
export function gift<Data>(options: GiftOptions<Data>): MessageKind<Data>;
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
