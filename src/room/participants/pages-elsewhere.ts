import type { MaybePromise } from '../../backplane/backplane.js';
import type { ParticipantPage, ParticipantQuery } from '../../protocol/room-events.js';
import { readQuery } from './participant-page.js';
import type { RoomSession } from './room-member.js';
import type { RoomMembers } from './room-members.js';

type Page = Pick<ParticipantPage, 'participants' | 'cursor'>;

/** The viewers that only other processes know, as these count them for the others. */
export interface PagesElsewhere {
  /** The process that comes after this one; the first one by default. Undefined: no other one has viewers. */
  next(processId?: string): string | undefined;
  /** @throws RelayError the process does not answer */
  page(processId: string, query: ParticipantQuery, maxBytes: number): Promise<Page>;
}

interface PagedRoom {
  readonly members: RoomMembers;
  readonly pagesElsewhere: PagesElsewhere | undefined;
}

/** The process, and its own cursor. */
const CURSOR = /^([\w-]{1,64})\/(\d{0,15})$/;

/**
 * One page of all participants of a room: those that this process knows come first, then the viewers of one process after the other.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function pageOf(
  { members, pagesElsewhere }: PagedRoom,
  session: RoomSession,
  query: ParticipantQuery,
  maxBytes: number,
): MaybePromise<ParticipantPage> {
  const [, processId, cursor = ''] = CURSOR.exec(String(query.cursor)) ?? [];
  if (pagesElsewhere && processId !== undefined) {
    readQuery({ ...query, cursor: '0' });
    // Nobody tells this process of changes of the others' viewers.
    const { audience, revision } = members.page(session, { limit: 0 }, maxBytes);
    const { cursor: _, ...rest } = query;
    return pagesElsewhere
      .page(processId, { ...rest, ...(cursor && { cursor }) }, maxBytes)
      .catch((): Page => ({ participants: [] }))
      .then((page) => {
        const next = page.cursor === undefined ? begin(pagesElsewhere.next(processId)) : {};
        const more = page.cursor === undefined ? {} : { cursor: `${processId}/${page.cursor}` };
        return { participants: page.participants, audience, revision, ...next, ...more };
      });
  }
  const page = members.page(session, query, maxBytes);
  if (page.cursor !== undefined || query.limit === 0) return page;
  return { ...page, ...begin(pagesElsewhere?.next()) };
}

function begin(processId: string | undefined): Pick<Page, 'cursor'> {
  return processId === undefined ? {} : { cursor: `${processId}/` };
}
