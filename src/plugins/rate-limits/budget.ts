import { network } from '../../limits/ip-network.js';
import type { LimitedMessage } from '../../limits/rate-limiter.js';
import { RelayError } from '../../protocol/errors.js';
import type { WindowSize } from './memory-window.js';
import { ReturnTimes } from './return-times.js';

interface Subject {
  /** The subject of a message, if it is known. */
  key(message: LimitedMessage): string | undefined;
  /** Part of the error message. */
  phrase: string;
  /** Many clients share it. */
  isShared: boolean;
}

const ofAddress = ({ remoteAddress }: LimitedMessage) => remoteAddress && network(remoteAddress);

/**
 * The subjects of budgets, in the order in which they are charged: a client's own budget comes first, so that its flood
 * ends there and does not use up the shared budgets of others.
 */
const SUBJECTS = {
  connection: {
    key: ({ connectionId }) => connectionId,
    phrase: 'messages on this connection',
    isShared: false,
  },
  user: { key: ({ userId }) => userId, phrase: 'messages of this user', isShared: false },
  arrivals: { key: ofAddress, phrase: 'arrivals from this address', isShared: true },
  address: { key: ofAddress, phrase: 'messages from this address', isShared: true },
  room: { key: ({ roomId }) => roomId, phrase: 'messages in this room', isShared: true },
} as const satisfies Record<string, Subject>;

export type SubjectName = keyof typeof SUBJECTS;

export const SUBJECT_NAMES = Object.keys(SUBJECTS) as SubjectName[];

/** The messages by which a client comes in: refused ones come back. */
export const ARRIVAL_METHODS: ReadonlySet<string> = new Set(['connect', 'join', 'attach', 'resume']);

/** The points that the messages of one subject share. */
export class Budget {
  readonly name: SubjectName;
  readonly size: WindowSize;
  readonly isShared: boolean;
  readonly keyOf: Subject['key'];
  readonly #phrase: string;
  readonly #costs: ReadonlyMap<string, number>;
  readonly #returnTimes: ReturnTimes;

  constructor(name: SubjectName, size: WindowSize, costs: ReadonlyMap<string, number>) {
    const { key, phrase, isShared } = SUBJECTS[name];
    this.name = name;
    this.size = size;
    this.isShared = isShared;
    this.keyOf = key;
    this.#phrase = phrase;
    this.#costs = costs;
    this.#returnTimes = new ReturnTimes(size);
  }

  /** The methods that have a cost of their own. */
  get methods(): string[] {
    return [...this.#costs.keys()];
  }

  costOf(method: string): number {
    return this.#costs.get(method) ?? this.#costs.get('*') ?? 1;
  }

  /**
   * @param windowMs what is left of the current window
   * @param pointsAhead those of other refused messages, as far as other processes have counted them
   */
  refusal(key: string, method: string, windowMs: number, pointsAhead?: number): RelayError {
    return new RelayError('ERR_RELAY_TOO_MANY', `Too many ${this.#phrase}: try again in a moment.`, {
      retryAfterMs: this.#retryAfterMs(key, method, windowMs, pointsAhead),
    });
  }

  #retryAfterMs(key: string, method: string, windowMs: number, pointsAhead?: number): number {
    // One client: its messages do not return at the same moment by chance.
    if (!this.isShared) return Math.ceil(windowMs);
    if (!ARRIVAL_METHODS.has(method)) return this.#returnTimes.spread(windowMs);
    const following = method === 'connect' ? this.costOf('join') : 0;
    return this.#returnTimes.queue(key, this.costOf(method) + following, windowMs, pointsAhead);
  }
}
