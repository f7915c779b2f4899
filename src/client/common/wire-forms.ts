import type {
  JoinResult,
  MessageDeletion,
  RelayNotifications,
  ResumeResult,
  RoomMessage,
  SessionDescription,
} from '../../protocol/messages.js';
import { isRecord } from '../../util/is-record.js';

/** The required form of a value: a type, a predicate, or an object with the required members. */
export type Form = 'string' | 'number' | 'boolean' | ((value: unknown) => boolean) | Members;
interface Members {
  readonly [name: string]: Form;
}

/** Checks the parts of the relay's messages that this library relies on. */
export function fits(value: unknown, form: Form): boolean {
  if (typeof form === 'string') return typeof value === form;
  if (typeof form === 'function') return form(value);
  return isRecord(value) && Object.entries(form).every(([name, member]) => fits(value[name], member));
}

export const listOf = (form: Form) => (value: unknown) =>
  Array.isArray(value) && value.every((item) => fits(item, form));
const oneOf =
  (...values: unknown[]) =>
  (value: unknown) =>
    values.includes(value);

export const isString = (value: unknown): value is string => typeof value === 'string';

/** Undefined if it is not JSON. */
export function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}

const description = (type: SessionDescription['type']) => ({ type: oneOf(type), sdp: 'string' }) as const;
const participant = {
  sessionId: 'string',
  userId: 'string',
  tracks: listOf({ trackId: 'string', streamId: 'string' }),
} as const;
const optional = (form: Form) => (value: unknown) => value === undefined || fits(value, form);
const listed = optional(listOf(participant));
const unlisted = optional(listOf('string'));

const MESSAGE = { id: 'string', kind: 'string', at: 'number' } as const;
const ANSWER = description('answer');
const JOIN_RESULT = {
  ...ANSWER,
  sessionId: 'string',
  userId: 'string',
  roomId: 'string',
  revision: 'number',
  participants: listOf(participant),
} as const;

/** The params of each notification that the client knows. */
export const NOTIFICATIONS = {
  goaway: { reason: 'string', reconnectAfterMs: 'number' },
  expiring: { expiresInMs: 'number' },
  offer: description('offer'),
  trickle: { target: oneOf(0, 1), candidate: { candidate: 'string' } },
  rejoin: { peer: 'number', afterMs: 'number' },
  interrupted: { peer: 'number', reason: 'string' },
  participants: {
    revision: 'number',
    joined: listed,
    updated: listed,
    listed,
    left: unlisted,
    unlisted,
    audience: optional({ count: 'number' }),
  },
  tracks: { revision: 'number', state: oneOf('added', 'updated', 'removed'), ...participant },
  grants: { role: 'string', grants: {} },
  mute: { trackId: 'string', muted: 'boolean' },
  room: { locked: 'boolean' },
  message: (value) => isMessage(value) || isDeletion(value),
} satisfies { [Method in keyof RelayNotifications]?: Form };

export const isAnswer = (value: unknown): value is SessionDescription => fits(value, ANSWER);
export const isJoinResult = (value: unknown): value is JoinResult => fits(value, JOIN_RESULT);
export const isResumeResult = (value: unknown): value is ResumeResult =>
  fits(value, {
    received: 'number',
    sent: 'number',
    snapshot: optional(isJoinResult),
  });
export const isMessage = (value: unknown): value is RoomMessage => fits(value, MESSAGE);
export const isDeletion = (value: unknown): value is MessageDeletion => fits(value, { deleted: 'string' });
