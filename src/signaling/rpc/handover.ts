import type { Principal } from '../../access/authentication.js';
import { invalidParams } from '../../protocol/errors.js';
import type { Session } from '../../session/session.js';
import type { Backlog } from './client-channel.js';

/**
 * The number of an event of an event stream. An EventSource that has received none has the id `""`.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function readEventId(id: unknown): number | undefined {
  if (id === undefined) return undefined;
  if (typeof id === 'string' && /^\d{0,15}$/.test(id)) return Number(id);
  throw invalidParams(
    '"lastEventId" must be the id of the last event that the client has received, as a string.',
  );
}

/** What a client needs of a backlog after the result of `join`, which describes the session and the room as they are. */
export function neededOf<P extends Principal>({ room, peers }: Session<P>, backlog: Backlog): Backlog {
  const known = new Set(room.recentMessages.map(({ id }) => id));
  const newest = new Map<number, object>();
  for (const { method, params } of backlog) if (method === 'offer') newest.set(params.peer ?? 1, params);
  return backlog.filter(({ method, params }) => {
    if (method === 'message')
      return !('id' in params && (known.has(params.id) || room.messages.isCounted(params.kind)));
    const number = params.peer ?? 1;
    const peer = peers.find(number);
    if (method === 'offer') return peer?.unansweredOffer !== undefined && newest.get(number) === params;
    return peer !== undefined;
  });
}

/**
 * Adds the unanswered offers of the SFU. Nothing says whether the client has received them, and an answer that is on its way to the last
 * connection does not count any more.
 */
export function withOffers<P extends Principal>({ peers }: Session<P>, backlog: Backlog): Backlog {
  const offers = peers.all.flatMap(({ number, unansweredOffer: offer }) => {
    const isKnown = backlog.some(({ method, params }) => method === 'offer' && (params.peer ?? 1) === number);
    if (!offer || isKnown) return [];
    const params = number === 1 ? offer : { ...offer, peer: number };
    return [{ method: 'offer' as const, params }];
  });
  return [...offers, ...backlog];
}
