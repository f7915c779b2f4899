import { RelayError } from '../../protocol/errors.js';
import { checkOptions, integer, type Keys } from '../../util/check-options.js';
import { type Logger, resolveLogger } from '../../util/logger.js';
import { Budget, SUBJECT_NAMES, type SubjectName } from './budget.js';

/**
 * What is used of a Redis client: of ioredis, or of node-redis from 4 on; a cluster's too.
 * @category Limits
 */
export interface RedisClient {
  eval(...args: never[]): unknown;
  multi(...args: never[]): unknown;
}

/**
 * Points by method; 0 is free. Added to what holds otherwise. Where it has `*`, the points of all that it does not name,
 * it stands alone.
 * @category Limits
 */
export type MessageCosts = Readonly<Record<string, number>>;

/**
 * What the messages of one subject may cost together, in each stretch of time.
 * @category Limits
 */
export interface RateBudget {
  points: number;
  /** In Redis: whole seconds. */
  durationMs: number;
  /** Where this one counts otherwise than the others. @default the `costs` of all */
  costs?: MessageCosts;
}

/**
 * Checked by `rateLimits()`, and never changed after it.
 * @category Limits
 */
export interface RateLimitsOptions {
  /** Of each connection; always in memory. `false` for none. @default { points: 200, durationMs: 1000 } */
  connection?: RateBudget | false;
  /** Of each user that authentication has named, on all connections together. @default none */
  user?: RateBudget | false;
  /**
   * Of each client address, or IPv6 network of 64 bits. `false` for none. @default { points: 5000, durationMs: 1000 }
   */
  address?: RateBudget | false;
  /** Of all participants of a room together. @default none */
  room?: RateBudget | false;
  /** In all budgets. @default `DEFAULT_COSTS` */
  costs?: MessageCosts;
  /**
   * A client of ioredis or node-redis: the budgets hold for all processes that share it, except that of the connection.
   * @default none: they hold for this process
   */
  redis?: RedisClient;
  /** Of the keys in Redis. @default 'sfu-relay' */
  keyPrefix?: string;
  /** ms that Redis has for an answer; without one this process counts for itself. @default 200 */
  timeoutMs?: number;
  /** Is told when Redis fails, and when it answers again; `false` for silence. @default warnings go to stderr */
  logger?: Logger | false;
}

/**
 * What a message costs, where `costs` says nothing else.
 * @category Limits
 */
export const DEFAULT_COSTS = {
  connect: 5,
  authenticate: 5,
  join: 20,
  attach: 10,
  rejoin: 10,
  offer: 10,
  subscribe: 5,
  answer: 2,
  message: 2,
  update: 2,
  stats: 2,
  '*': 1,
} as const satisfies MessageCosts;

const DEFAULT_BUDGETS: Readonly<Record<SubjectName, RateBudget | false>> = {
  connection: { points: 200, durationMs: 1_000 },
  user: false,
  address: { points: 5_000, durationMs: 1_000 },
  room: false,
};

export interface ResolvedRedis {
  client: RedisClient;
  keyPrefix: string;
  timeoutMs: number;
  logger: Logger;
}

export interface ResolvedRateLimits {
  /** In memory, in the order in which they are spent. */
  local: Budget[];
  /** In Redis, after those. */
  shared: Budget[];
  redis: ResolvedRedis | undefined;
}

const KEYS: Keys<RateLimitsOptions> = {
  connection: true,
  user: true,
  address: true,
  room: true,
  costs: true,
  redis: true,
  keyPrefix: true,
  timeoutMs: true,
  logger: true,
};

const BUDGET_KEYS: Keys<RateBudget> = { points: true, durationMs: true, costs: true };

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead. */
export function resolveRateLimits(options: RateLimitsOptions): ResolvedRateLimits {
  const example = 'rateLimits({ connection: { points: 200, durationMs: 1000 } })';
  checkOptions({ name: 'rateLimits()', example }, options, KEYS);
  const { redis: client, keyPrefix = 'sfu-relay' } = options;
  if (client !== undefined && (typeof client?.eval !== 'function' || typeof client.multi !== 'function'))
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      '"redis" must be a client: redis: new Redis("redis://localhost:6379") of ioredis, or one of node-redis.',
    );
  if (typeof keyPrefix !== 'string' || keyPrefix === '')
    throw new RelayError('ERR_RELAY_CONFIG', '"keyPrefix" must be a text: keyPrefix: "sfu-relay".');
  const timeoutMs = integer(options, 'timeoutMs', 200);
  const logger = resolveLogger(options.logger);
  const isLocal = (name: SubjectName) => !client || name === 'connection';
  const budgets = SUBJECT_NAMES.flatMap((name) => resolveBudget(name, options, isLocal(name)));
  return {
    local: budgets.filter(({ name }) => isLocal(name)),
    shared: budgets.filter(({ name }) => !isLocal(name)),
    redis: client && { client, keyPrefix, timeoutMs, logger },
  };
}

function resolveBudget(name: SubjectName, options: RateLimitsOptions, isLocal: boolean): Budget[] {
  const budget = options[name] ?? DEFAULT_BUDGETS[name];
  if (budget === false) return [];
  const example = `${name}: { points: 200, durationMs: 1000 }, or ${name}: false`;
  checkOptions({ name: `"${name}"`, example }, budget, BUDGET_KEYS);
  const points = required(`${name}.points`, budget.points);
  const durationMs = required(`${name}.durationMs`, budget.durationMs);
  if (!isLocal && durationMs % 1_000 !== 0)
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"${name}.durationMs" is ${durationMs}, but in Redis it is whole seconds: write ${Math.ceil(durationMs / 1_000) * 1_000}.`,
    );
  const general = extend(DEFAULT_COSTS, 'costs', options.costs);
  const costs = extend(general, `${name}.costs`, budget.costs);
  checkAffordable(name, points, costs);
  return [new Budget(name, { points, durationMs }, new Map(Object.entries(costs)))];
}

function extend(outer: MessageCosts, name: string, costs: MessageCosts = {}): MessageCosts {
  if (typeof costs !== 'object' || costs === null)
    throw new RelayError('ERR_RELAY_CONFIG', `"${name}" must be points by method: { join: 20, trickle: 1 }.`);
  for (const [method, cost] of Object.entries(costs)) required(`${name}.${method}`, cost, 0);
  return Object.hasOwn(costs, '*') ? costs : { ...outer, ...costs };
}

/** What costs more than there ever is could never be sent. */
function checkAffordable(name: SubjectName, points: number, costs: MessageCosts): void {
  const dearest = Math.max(...Object.values(costs));
  const method = Object.keys(costs).find((each) => costs[each] === dearest);
  if (dearest > points)
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"${name}" has ${points} points, and "${method}" costs ${dearest}: nobody could ever send one. Write "points" of ${dearest} or more, or "costs" of less.`,
    );
}

function required(name: string, value: unknown, least = 1): number {
  return integer({ [name]: value as number }, name, Number.NaN, least);
}
