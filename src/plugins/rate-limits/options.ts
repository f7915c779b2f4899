import { checkOptions, integer, type Keys, misconfigured } from '../../util/check-options.js';
import { type Logger, resolveLogger } from '../../util/logger.js';
import { surviveErrors } from '../../util/redis-errors.js';
import { ARRIVAL_METHODS, Budget, SUBJECT_NAMES, type SubjectName } from './budget.js';

/**
 * The members of a Redis client that are used: of ioredis, or node-redis from version 4 on; also of a cluster.
 * @category Limits
 */
export interface RedisClient {
  eval(...args: never[]): unknown;
  multi(...args: never[]): unknown;
}

/**
 * Points by method; 0 is free. They override the defaults. With `*`, the points of all methods that it does not name, they
 * replace the defaults.
 * @category Limits
 */
export type MessageCosts = Readonly<Record<string, number>>;

/**
 * The points that the messages of one subject share in each period.
 * @category Limits
 */
export interface RateBudget {
  points: number;
  /** The period. In Redis: whole seconds. */
  durationMs: number;
  /** Costs in this budget. @default the `costs` of all budgets */
  costs?: MessageCosts;
}

/**
 * Options of `rateLimits()`; later changes have no effect.
 * @category Limits
 */
export interface RateLimitsOptions {
  /** Per connection; always in memory. `false` for none. @default { points: 200, durationMs: 1000 } */
  connection?: RateBudget | false;
  /** Per user that authentication has named, for all connections together. @default none */
  user?: RateBudget | false;
  /**
   * Per client address, or IPv6 network of 64 bits: of the messages by which clients come in (`connect`, `join`, `attach`, `resume`)
   * only, so that they leave points of `address` to those who are in. `false` for none.
   * @default { points: 15000, durationMs: 1000 }; none if `address` is given
   */
  arrivals?: RateBudget | false;
  /**
   * Per client address, or IPv6 network of 64 bits. `false` for none. @default { points: 175000, durationMs: 5000 }
   */
  address?: RateBudget | false;
  /** Per room, for all participants together. @default none */
  room?: RateBudget | false;
  /** Costs in all budgets. @default `DEFAULT_COSTS` */
  costs?: MessageCosts;
  /**
   * A client of ioredis or node-redis: all processes with the same Redis share the budgets, except that of the connection.
   * @default none: budgets are per process
   */
  redis?: RedisClient;
  /** The prefix of the keys in Redis. @default 'sfu-relay' */
  keyPrefix?: string;
  /** ms that Redis has to respond; otherwise this process counts by itself. @default 200 */
  timeoutMs?: number;
  /** Logs when Redis fails, and when it responds again; `false` for silence. @default warnings go to stderr */
  logger?: Logger | false;
}

/**
 * The default costs of messages.
 * @category Limits
 */
export const DEFAULT_COSTS = {
  connect: 5,
  authenticate: 5,
  join: 20,
  attach: 10,
  // It may describe the room, as `attach` does.
  resume: 10,
  rejoin: 10,
  offer: 10,
  subscribe: 5,
  // A page may examine thousands of participants.
  participants: 5,
  answer: 2,
  message: 2,
  update: 2,
  stats: 2,
  '*': 1,
} as const satisfies MessageCosts;

const DEFAULT_BUDGETS: Readonly<Record<SubjectName, RateBudget | false>> = {
  connection: { points: 200, durationMs: 1_000 },
  user: false,
  // docs/LIMITS.md has the calculation.
  arrivals: { points: 15_000, durationMs: 1_000 },
  address: { points: 175_000, durationMs: 5_000 },
  room: false,
};

export interface ResolvedRedis {
  client: RedisClient;
  keyPrefix: string;
  timeoutMs: number;
  logger: Logger;
}

export interface ResolvedRateLimits {
  /** In memory, in the order in which they are charged. */
  local: Budget[];
  /** In Redis, charged after the local ones. */
  shared: Budget[];
  redis: ResolvedRedis | undefined;
}

const KEYS: Keys<RateLimitsOptions> = {
  connection: true,
  user: true,
  arrivals: true,
  address: true,
  room: true,
  costs: true,
  redis: true,
  keyPrefix: true,
  timeoutMs: true,
  logger: true,
};

const BUDGET_KEYS: Keys<RateBudget> = { points: true, durationMs: true, costs: true };

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead */
export function resolveRateLimits(options: RateLimitsOptions): ResolvedRateLimits {
  const example = 'rateLimits({ connection: { points: 200, durationMs: 1000 } })';
  checkOptions({ name: 'rateLimits()', example }, options, KEYS);
  const { redis: client, keyPrefix = 'sfu-relay' } = options;
  if (client !== undefined && (typeof client?.eval !== 'function' || typeof client.multi !== 'function'))
    throw misconfigured(
      '"redis" must be a client: redis: new Redis("redis://localhost:6379") of ioredis, or one of node-redis.',
    );
  if (typeof keyPrefix !== 'string' || keyPrefix === '')
    throw misconfigured('"keyPrefix" must be a text: keyPrefix: "sfu-relay".');
  if (client) surviveErrors(client);
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
  const budget = options[name] ?? defaultBudget(name, options);
  if (budget === false) return [];
  const example = `${name}: { points: 200, durationMs: 1000 }, or ${name}: false`;
  checkOptions({ name: `"${name}"`, example }, budget, BUDGET_KEYS);
  const points = required(`${name}.points`, budget.points);
  const durationMs = required(`${name}.durationMs`, budget.durationMs);
  if (!isLocal && durationMs % 1_000 !== 0)
    throw misconfigured(
      `"${name}.durationMs" is ${durationMs}, but in Redis it is whole seconds: write ${Math.ceil(durationMs / 1_000) * 1_000}.`,
    );
  const general = extend(DEFAULT_COSTS, 'costs', options.costs);
  const costs = extend(name === 'arrivals' ? ofArrivals(general) : general, `${name}.costs`, budget.costs);
  checkAffordable(name, points, costs);
  return [new Budget(name, { points, durationMs }, new Map(Object.entries(costs)))];
}

/** Whoever sets the budget of an address has decided how much of it arrivals may take. */
function defaultBudget(name: SubjectName, { address }: RateLimitsOptions): RateBudget | false {
  return name === 'arrivals' && address !== undefined ? false : DEFAULT_BUDGETS[name];
}

function ofArrivals(costs: MessageCosts): MessageCosts {
  const named = [...ARRIVAL_METHODS].map((method) => [method, costs[method] ?? costs['*'] ?? 1]);
  return { ...Object.fromEntries(named), '*': 0 };
}

function extend(outer: MessageCosts, name: string, costs: MessageCosts = {}): MessageCosts {
  if (typeof costs !== 'object' || costs === null)
    throw misconfigured(`"${name}" must be points by method: { join: 20, trickle: 1 }.`);
  for (const [method, cost] of Object.entries(costs)) required(`${name}.${method}`, cost, 0);
  return Object.hasOwn(costs, '*') ? costs : { ...outer, ...costs };
}

/** Refuses a budget in which a message costs more than all points: it could never be sent. */
function checkAffordable(name: SubjectName, points: number, costs: MessageCosts): void {
  const dearest = Math.max(...Object.values(costs));
  const method = Object.keys(costs).find((each) => costs[each] === dearest);
  if (dearest > points)
    throw misconfigured(
      `"${name}" has ${points} points, and "${method}" costs ${dearest}: nobody could ever send one. Write "points" of ${dearest} or more, or "costs" of less.`,
    );
}

function required(name: string, value: unknown, least = 1): number {
  return integer({ [name]: value as number }, name, Number.NaN, least);
}
