import { RelayError } from '../protocol/errors.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
import type { StandardSchema } from './schema.js';

/**
 * A kind of message that a room knows. `chat()`, `gift()` and `like()` are some, ready made; `{}` is one that lets any
 * JSON pass.
 * @category Messages
 */
export interface MessageKind {
  /** What `data` has to be; it is passed on as the schema gives it. @default any JSON */
  schema?: StandardSchema;
  /** `data` as JSON, in bytes; a longer one is refused. @default 8192 */
  maxDataBytes?: number;
  /**
   * Every message has to bring an `id` of its sender's choice. (Without it may: whatever brings one is carried out once
   * for each user and id.) @default false
   */
  requireId?: boolean;
  /** The newest of them, for those who join later. Messages `to` somebody are not among them. @default none */
  history?: HistoryLimits;
  /**
   * They are counted, not passed on: `data` is `{count}`, and the room hears `{count, total}` once a window.
   * @default none
   */
  tally?: TallyOptions;
  /** Left out for a client that is behind with its reading. @default false */
  mayDrop?: boolean;
}

/** @category Messages */
export interface HistoryLimits {
  /** @default 50 */
  maxMessages?: number;
  /** Of JSON, all together. @default 32768 */
  maxBytes?: number;
}

/** @category Messages */
export interface TallyOptions {
  /** ms. @default 250 */
  windowMs?: number;
}

/**
 * The kinds that a relay's rooms know, by their names.
 * @category Messages
 */
export type MessageKinds = Readonly<Record<string, MessageKind>>;

export interface ResolvedKind {
  readonly name: string;
  readonly schema: StandardSchema | undefined;
  readonly maxDataBytes: number;
  readonly requireId: boolean;
  readonly history: Required<HistoryLimits> | undefined;
  readonly tally: Required<TallyOptions> | undefined;
  readonly mayDrop: boolean;
}

export type ResolvedKinds = ReadonlyMap<string, ResolvedKind>;

const KIND_KEYS: Keys<MessageKind> = {
  schema: true,
  maxDataBytes: true,
  requireId: true,
  history: true,
  tally: true,
  mayDrop: true,
};
const HISTORY_KEYS: Keys<HistoryLimits> = { maxMessages: true, maxBytes: true };
export const TALLY_KEYS: Keys<TallyOptions> = { windowMs: true };

const NAME = /^[A-Za-z][\w.:-]{0,63}$/;

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveKinds(kinds: MessageKinds): ResolvedKinds {
  if (typeof kinds !== 'object' || kinds === null || Array.isArray(kinds))
    throw new RelayError('ERR_RELAY_CONFIG', '"messages" must be kinds by name: { chat: chat() }.');
  return new Map(Object.entries(kinds).map(([name, kind]) => [name, resolveKind(name, kind)]));
}

function resolveKind(name: string, kind: MessageKind): ResolvedKind {
  const option = `messages.${name}`;
  if (!NAME.test(name))
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"${option}": name kinds by letters, digits, ".", ":", "-", "_".`,
    );
  if (typeof kind === 'function')
    throw new RelayError('ERR_RELAY_CONFIG', `"${option}" lacks its call: write ${name}: ${name}().`);
  checkOptions(
    { name: `"${option}"`, example: `${name}: { schema }, or ${name}: {} for any JSON` },
    kind,
    KIND_KEYS,
  );
  const { schema, requireId = false, history, tally, mayDrop = false } = kind;
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"${option}.schema" is no Standard Schema: write { schema: z.object({ … }) }, with zod 3.24 or later, Valibot or another.`,
    );
  if (history !== undefined)
    checkOptions(
      { name: `"${option}.history"`, example: 'history: { maxMessages: 50 }' },
      history,
      HISTORY_KEYS,
    );
  if (tally !== undefined)
    checkOptions({ name: `"${option}.tally"`, example: 'tally: { windowMs: 250 }' }, tally, TALLY_KEYS);
  if (history && tally)
    throw new RelayError('ERR_RELAY_CONFIG', `"${option}" has both "history" and "tally": leave one out.`);
  return {
    name,
    schema,
    requireId,
    mayDrop,
    maxDataBytes: integer(kind, 'maxDataBytes', 8_192),
    history: history && {
      maxMessages: integer(history, 'maxMessages', 50),
      maxBytes: integer(history, 'maxBytes', 32 * 1024),
    },
    tally: tally && { windowMs: integer(tally, 'windowMs', 250) },
  };
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function findKind(kinds: ResolvedKinds, name: unknown): ResolvedKind {
  const kind = typeof name === 'string' ? kinds.get(name) : undefined;
  if (kind) return kind;
  const known = [...kinds.keys()].map((each) => `"${each}"`).join(', ');
  const asked = typeof name === 'string' ? `There is no kind "${name.slice(0, 64)}"` : '"kind" is missing';
  const message = known ? `${asked}: the room knows ${known}.` : 'This room takes no messages.';
  throw new RelayError('ERR_RELAY_INVALID_PARAMS', message);
}
