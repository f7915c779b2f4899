import { LIMITS } from '../protocol/limits.js';
import { checkOptions, integer, type Keys } from '../util/check-options.js';
import type { MessageKind } from './message-kind.js';
import { schemaOf } from './schema.js';

/** @category Messages */
export interface ChatOptions<Data = unknown>
  extends Pick<MessageKind<Data>, 'history' | 'schema' | 'maxDataBytes'> {
  /** Of the text, in UTF-16 code units; without effect where you pass a `schema`. @default 2000 */
  maxLength?: number;
}

/** @category Messages */
export interface ChatData {
  text: string;
}

const KEYS: Keys<ChatOptions> = { history: true, schema: true, maxDataBytes: true, maxLength: true };

/**
 * Text messages: `{text}`. Joining clients receive the newest 50; moderators can delete them.
 * @category Messages
 */
export function chat(options?: Omit<ChatOptions, 'schema'>): MessageKind<ChatData>;
export function chat<Data>(options: ChatOptions<Data>): MessageKind<Data>;
export function chat(options: ChatOptions = {}): MessageKind {
  checkOptions({ name: 'chat()', example: 'chat({ maxLength: 500 })' }, options, KEYS);
  const { maxLength: _, history = {}, ...rest } = options;
  const maxLength = integer(options, 'maxLength', LIMITS.maxChatLength);
  const schema = schemaOf((data) => {
    const { text } = (data ?? {}) as { text?: unknown };
    if (typeof text !== 'string' || text.trim() === '') return 'write {text}, and something in it';
    if (text.length > maxLength) return `"text" is longer than ${maxLength} characters`;
    return { text };
  });
  // A character is at most six bytes of JSON.
  return { schema, maxDataBytes: 6 * maxLength + 64, history, ...rest };
}
