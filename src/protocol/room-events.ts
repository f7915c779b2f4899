/** What a room tells its participants of each other. Types only. */

import type { Participant, Track } from './types.js';

/**
 * The viewers of a large room that are counted instead of listed.
 * @category Room
 */
export interface Audience {
  count: number;
}

/**
 * Changes of a room's participants: those after the revision `from`, up to `revision`. Each participant stands as it is at
 * `revision`, so an event that covers changes already known does no harm. What is left out has not changed. An event may name the
 * session that receives it.
 *
 * In a large room only some viewers are listed (option `maxListedParticipants`); the others are `audience`.
 * @category Room
 */
export interface ParticipantsEvent {
  from: number;
  revision: number;
  /** Listed participants that have come. */
  joined?: Participant[];
  /** Listed participants whose metadata, role or tracks differ. */
  updated?: Participant[];
  /** The session ids of listed participants that have gone. */
  left?: string[];
  /** Participants that were counted so far, and are listed from now on. */
  listed?: Participant[];
  /** The session ids of participants that are still there, and are counted from now on. */
  unlisted?: string[];
  audience?: Audience;
  /** Changes of counted participants on the page that this session has asked for. */
  page?: { updated?: Participant[]; left?: string[] };
}

/**
 * Which part of a room's participants to get.
 * @category Room
 */
export interface ParticipantQuery {
  /** Of the page before. @default the beginning */
  cursor?: string;
  /** Participants of the page, up to 100; 0 closes the page. @default 50 */
  limit?: number;
  /** A text that the user id, or a text in the metadata, contains; without regard to case. @default all */
  query?: string;
}

/**
 * Participants of a room, listed and counted ones, in the order in which they joined. Until the next page, or an empty one, their
 * changes come as `page` of `participants` events.
 * @category Room
 */
export interface ParticipantPage {
  /** May be shorter than asked for, even empty, where `cursor` says that there are more. */
  participants: Participant[];
  /** For the next page; left out on the last one. */
  cursor?: string;
  audience: Audience;
  revision: number;
}

/**
 * A participant's tracks were added, changed, or removed. `revision` counts the changes of the room.
 * @category Room
 */
export interface TracksEvent {
  revision: number;
  state: 'added' | 'updated' | 'removed';
  sessionId: string;
  userId: string;
  tracks: Track[];
}
