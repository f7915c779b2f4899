import type { ClientNotifications, ClientRequests } from '../../protocol/messages.js';

/** The methods of a client's requests and notifications. */
const METHODS: Readonly<Record<keyof ClientRequests | keyof ClientNotifications, true>> = {
  authenticate: true,
  join: true,
  attach: true,
  rejoin: true,
  offer: true,
  answer: true,
  trickle: true,
  subscribe: true,
  update: true,
  message: true,
  stats: true,
  moderate: true,
  leave: true,
  ping: true,
};

export function isMethod(method: string): boolean {
  return Object.hasOwn(METHODS, method);
}
