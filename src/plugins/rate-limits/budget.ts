import { network } from '../../limits/ip-network.js';
import type { LimitedMessage } from '../../limits/rate-limiter.js';
import { RelayError } from '../../protocol/errors.js';
import type { WindowSize } from './memory-window.js';

interface Subject {
  /** The subject of a message, if it is known. */
  key(message: LimitedMessage): string | undefined;
  /** Part of the error message. */
  phrase: string;
}

/**
 * The subjects of budgets, in the order in which they are charged: a client's own budget comes first, so that its flood
 * ends there and does not use up the shared budgets of others.
 */
const SUBJECTS = {
  connection: { key: ({ connectionId }) => connectionId, phrase: 'on this connection' },
  user: { key: ({ userId }) => userId, phrase: 'of this user' },
  address: {
    key: ({ remoteAddress }) => remoteAddress && network(remoteAddress),
    phrase: 'from this address',
  },
  room: { key: ({ roomId }) => roomId, phrase: 'in this room' },
} as const satisfies Record<string, Subject>;

export type SubjectName = keyof typeof SUBJECTS;

export const SUBJECT_NAMES = Object.keys(SUBJECTS) as SubjectName[];

/** The points that the messages of one subject share. */
export class Budget {
  readonly name: SubjectName;
  readonly size: WindowSize;
  readonly #subject: Subject;
  readonly #costs: ReadonlyMap<string, number>;
  readonly #otherCost: number;

  constructor(name: SubjectName, size: WindowSize, costs: ReadonlyMap<string, number>) {
    this.name = name;
    this.size = size;
    this.#subject = SUBJECTS[name];
    this.#costs = costs;
    this.#otherCost = costs.get('*') ?? 1;
  }

  costOf({ method }: LimitedMessage): number {
    return this.#costs.get(method) ?? this.#otherCost;
  }

  /** The key to charge; undefined if the message is free, or its subject is not known. */
  keyOf(message: LimitedMessage): string | undefined {
    return this.costOf(message) > 0 ? this.#subject.key(message) : undefined;
  }

  /** @throws RelayError `ERR_RELAY_TOO_MANY` unless `retryAfterMs` is 0 */
  check(retryAfterMs: number): void {
    if (retryAfterMs === 0) return;
    throw new RelayError(
      'ERR_RELAY_TOO_MANY',
      `Too many messages ${this.#subject.phrase}: try again in a moment.`,
      { retryAfterMs },
    );
  }
}
