import type { ClientNotifications, ClientRequests } from '../../protocol/messages.js';

/** The methods of a client's requests and notifications. */
const METHODS: Readonly<Record<keyof ClientRequests | keyof ClientNotifications, true>> = {
  authenticate: true,
  join: true,
  attach: true,
  rejoin: true,
  resume: true,
  ack: true,
  offer: true,
  answer: true,
  trickle: true,
  subscribe: true,
  update: true,
  participants: true,
  message: true,
  stats: true,
  moderate: true,
  leave: true,
  ping: true,
};

const UNCOUNTED: ReadonlySet<string> = new Set(['ack', 'ping', 'resume']);

/** Whether a message of this method and its response count (docs/PROTOCOL.md, "Resumption"). */
export function isCounted(method: string): boolean {
  return !UNCOUNTED.has(method);
}

export function isMethod(method: string): boolean {
  return Object.hasOwn(METHODS, method);
}
