import { RelayError } from '../protocol/errors.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
import type { SchemaOutput, StandardSchema } from './schema.js';

/**
 * A kind of message that a room accepts. `chat()`, `gift()` and `like()` are predefined; `{}` accepts any JSON.
 * @category Messages
 */
export interface MessageKind<Data = unknown> {
  /** Checks `data`; the room receives the schema's output. @default any JSON */
  schema?: StandardSchema<unknown, Data>;
  /** Maximum length of `data` as JSON, in bytes. @default 8192 */
  maxDataBytes?: number;
  /**
   * Every message needs an `id` chosen by its sender. (Other kinds may have one, too: a message with an `id` is processed once
   * for each user and id.) @default false
   */
  requireId?: boolean;
  /** How many of the newest messages joining clients receive; messages with `to` are not kept. @default none */
  history?: HistoryLimits;
  /**
   * Messages are counted: `data` is `{count}`, and the room receives `{count, total}` once for each window.
   * @default none
   */
  tally?: TallyOptions;
  /** Drop the message for a client that reads too slowly. @default false */
  mayDrop?: boolean;
}

/** @category Messages */
export interface HistoryLimits {
  /** @default 50 */
  maxMessages?: number;
  /** Of all kept messages as JSON. @default 32768 */
  maxBytes?: number;
}

/** @category Messages */
export interface TallyOptions {
  /** ms. @default 250 */
  windowMs?: number;
}

/**
 * The message kinds of a relay's rooms, by name.
 * @category Messages
 */
export type MessageKinds = Readonly<Record<string, MessageKind>>;

/**
 * The `data` of a kind: the output type of its schema; `unknown` without a schema.
 * @category Messages
 */
export type MessageData<Kind extends MessageKind> = Kind extends { readonly schema?: infer Schema }
  ? SchemaOutput<NonNullable<Schema>>
  : unknown;

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
  if (kind && '~standard' in Object(kind))
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"${option}" is a schema and no kind: write ${name}: { schema: … }.`,
    );
  if (typeof kind === 'function')
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `"${option}" lacks its call: write ${name}: ${(kind as { name: string }).name || name}().`,
    );
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
