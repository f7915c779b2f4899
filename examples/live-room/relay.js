// @ts-check
/** The relay of the live room: authentication, message kinds and rate limits. */
import { chat, gift, like, RelayError, SfuRelay } from 'sfu-relay';
import { rateLimits } from 'sfu-relay/limits';
import { GIFTS } from './public/gift-list.js';
import { admitVisitors } from './visitors.js';

/** @typedef {import('sfu-relay').Authenticate} Authenticate */

/** `MAX_LISTED=2` shows with few tabs what a large room looks like. */
const MAX_LISTED = process.env.MAX_LISTED ? Number(process.env.MAX_LISTED) : undefined;

/**
 * @param {string | import('sfu-relay').ClusterSfuOptions} sfu the SFU's address, or several nodes
 * @param {(others: Authenticate) => Authenticate} [admit] lets some in by itself, and leaves the others to what it is
 *   given
 * @param {Partial<import('sfu-relay').SfuRelayOptions>} [options] further options
 */
export function openRelay(sfu, admit = (others) => others, options = {}) {
  /** @type {SfuRelay} */
  const relay = new SfuRelay({
    sfu: typeof sfu === 'string' ? { serverUrl: sfu } : sfu,
    authenticate: admit(admitVisitors((roomId) => relay.rooms.has(roomId))),
    messages: { chat: chat({ maxLength: 500 }), gift: gift(), like: like() },
    hooks: { onMessage: checkGift },
    ...(MAX_LISTED !== undefined && { maxListedParticipants: MAX_LISTED }),
    // In addition to the budgets of connections and addresses, a limit for chat.
    rateLimiter: rateLimits({ user: { points: 25, durationMs: 5000, costs: { '*': 0, message: 1 } } }),
    ...options,
  });
  return relay;
}

/**
 * Only the gifts of the page. A shop would also check the payment here.
 * @param {{ kind: string, data: unknown }} message
 */
function checkGift({ kind, data }) {
  if (kind !== 'gift') return;
  const { gift } = /** @type {{ gift: string }} */ (data);
  if (!GIFTS.some(({ id }) => id === gift))
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', 'There is no such gift.');
}
