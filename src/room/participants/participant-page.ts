import { invalidParams } from '../../protocol/errors.js';
import { LIMITS } from '../../protocol/limits.js';
import type { ParticipantPage, ParticipantQuery } from '../../protocol/room-events.js';
import type { Participant } from '../../protocol/types.js';
import type { RoomMember } from './room-member.js';

/** The members that one request looks at: a search in a large room goes on with the next page. */
const MAX_EXAMINED = 2_000;
/** The characters that it searches: metadata may have thousands. */
const MAX_SEARCHED = 100_000;
const DEFAULT_LIMIT = 50;

interface Query {
  /** The order of the last member of the page before. */
  after: number;
  limit: number;
  /** In lower case. */
  text: string | undefined;
}

/** @throws RelayError `ERR_RELAY_INVALID_PARAMS` */
export function readQuery({ cursor, limit = DEFAULT_LIMIT, query }: ParticipantQuery): Query {
  if (cursor !== undefined && !/^\d{1,15}$/.test(String(cursor)))
    throw invalidParams('"cursor" must be the one of the page before.');
  if (!Number.isInteger(limit) || limit < 0 || limit > LIMITS.maxPage)
    throw invalidParams(`"limit" must be a whole number from 0 to ${LIMITS.maxPage}.`);
  if (query !== undefined && (typeof query !== 'string' || query.length > LIMITS.maxIdLength))
    throw invalidParams(`"query" must be a text of up to ${LIMITS.maxIdLength} characters.`);
  return { after: Number(cursor ?? -1), limit, text: query?.toLowerCase() || undefined };
}

/** One page of a room's visible participants, in the order in which they joined. */
export function findPage(
  members: Iterable<RoomMember>,
  { after, limit, text }: Query,
  viewer: RoomMember | undefined,
  maxBytes: number,
): { page: Pick<ParticipantPage, 'participants' | 'cursor'>; members: Set<RoomMember> } {
  const found = new Set<RoomMember>();
  const participants: Participant[] = [];
  if (limit === 0) return { page: { participants }, members: found };
  let bytes = 0;
  let examined = 0;
  let searched = 0;
  let last = after;
  for (const member of members) {
    // Not even the cursor tells of hidden ones.
    if (member.session.hidden || member.order <= after) continue;
    if (participants.length === limit || examined === MAX_EXAMINED || searched > MAX_SEARCHED)
      return { page: { participants, cursor: String(last) }, members: found };
    const searchedText = text === undefined ? '' : member.searchedText;
    searched += searchedText.length;
    if (member !== viewer && (text === undefined || searchedText.includes(text))) {
      bytes += member.entry.bytes;
      if (bytes > maxBytes && participants.length > 0)
        return { page: { participants, cursor: String(last) }, members: found };
      participants.push(member.entry.participant);
      found.add(member);
    }
    examined += 1;
    last = member.order;
  }
  return { page: { participants }, members: found };
}
