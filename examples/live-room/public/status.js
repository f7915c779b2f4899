// @ts-check
/** Explains states and errors to the user. */

import { BANNED } from './reasons.js';

/**
 * @typedef {'again' | 'back' | 'over' | 'token'} Way what to do first: join again; go elsewhere, or try again nevertheless;
 *   go elsewhere, as nothing else can work; sign another token
 * @typedef {{ title: string, text: string, way: Way }} Words
 */

/** @type {(way: Way, title: string, text: string) => Words} */
const words = (way, title, text) => ({ way, title, text });

const SFU_DOWN = words(
  'again',
  'The SFU can’t be reached',
  'The server is running, but not the SFU that carries the video. This page joins as soon as it is back.',
);
const LOST = words(
  'again',
  'The connection was lost',
  'The server or the network is interrupted. You rejoin the room automatically when it answers.',
);
const UNREACHABLE = words(
  'again',
  'The server can’t be reached',
  'Check that it is running, and check your network.',
);
const TOO_MANY = words(
  'again',
  'Too much at once',
  'You have sent too many requests. Try again in a moment.',
);
const NO_RIGHT = words(
  'back',
  'You may not enter this room',
  'You are signed in, but you are not allowed in this room.',
);
const SIGN_IN = words('token', 'You have to sign in', 'Your token is not valid any more.');
const TOO_SLOW = words(
  'again',
  'This took too long',
  'The connection was too slow for the server. Try again.',
);
const REMOVED = words('again', 'You were removed from this room', 'A moderator has removed you.');
const ENDED = words('over', 'The room has ended', 'A moderator has closed it for everybody.');
const ELSEWHERE = words('again', 'You are here already', 'Your session was opened in another tab or device.');
const RESTART = words('again', 'The server is restarting', 'You rejoin the room automatically.');
const SFU_ENDED = words(
  'again',
  'The SFU ended the session',
  'It may have restarted. Try again in a moment.',
);
const LOCKED = words(
  'back',
  'This room is locked',
  'New users cannot join now. You join automatically when a moderator unlocks it.',
);
const NO_MEDIA = words(
  'again',
  'No media connection',
  'The server answers, but the media connection to the SFU was lost. A firewall may be in the way.',
);

/** @type {Record<string, Words>} by error code of relay and client */
const BY_ERROR = {
  ERR_RELAY_SFU_UNAVAILABLE: SFU_DOWN,
  ERR_RELAY_SFU_TIMEOUT: SFU_DOWN,
  ERR_RELAY_SFU_STREAM_ENDED: SFU_ENDED,
  ERR_RELAY_TOO_MANY: TOO_MANY,
  ERR_RELAY_FORBIDDEN: NO_RIGHT,
  ERR_RELAY_REMOVED: REMOVED,
  ERR_RELAY_ROOM_ENDED: ENDED,
  ERR_RELAY_ROOM_LOCKED: LOCKED,
  ERR_RELAY_UNAUTHENTICATED: SIGN_IN,
  ERR_RELAY_EXPIRED: SIGN_IN,
  ERR_RELAY_CLIENT_TIMEOUT: TOO_SLOW,
  ERR_RELAY_SLOW_CONSUMER: TOO_SLOW,
  ERR_RELAY_SESSION_EXISTS: ELSEWHERE,
  ERR_RELAY_REPLACED: ELSEWHERE,
  ERR_RELAY_CLOSED: RESTART,
  ERR_CLIENT_CONNECT: LOST,
  ERR_CLIENT_CLOSED: LOST,
  ERR_CLIENT_TIMEOUT: TOO_SLOW,
  ERR_CLIENT_MEDIA_LOST: NO_MEDIA,
};

/** @type {Record<number, Words>} by close code of the WebSocket */
const BY_CLOSE_CODE = {
  1001: RESTART,
  1006: LOST,
  4401: SIGN_IN,
  4403: NO_RIGHT,
  4408: TOO_SLOW,
  4410: ENDED,
  4409: ELSEWHERE,
  4429: TOO_MANY,
  4502: SFU_ENDED,
  4503: SFU_DOWN,
  4504: SFU_DOWN,
  4508: TOO_SLOW,
};

/**
 * @param {{ code?: string | number, message?: string, reason?: string }} problem a RelayClientError, or a close event
 * @param {{ entered: boolean }} context entered: whether this page was in the room before
 * @returns {Words}
 */
export function describeProblem(problem, { entered }) {
  const byCode =
    typeof problem.code === 'number' ? BY_CLOSE_CODE[problem.code] : BY_ERROR[problem.code ?? ''];
  const known = byCode === NO_RIGHT && entered ? REMOVED : byCode;
  const said = problem.message || problem.reason;
  if (known === LOST && !entered) return UNREACHABLE;
  // A join is refused like this only to a banned user.
  const banned = known === REMOVED && (!entered || said === BANNED);
  if (banned) return words('over', 'You are banned from this room', said || BANNED);
  // The moderator's own words.
  if (known === REMOVED || known === ENDED) return { ...known, text: said || known.text };
  return known ?? words('again', 'That didn’t work', said || 'Try again in a moment.');
}

/**
 * The reason for a refused action, in one line.
 * @param {any} error
 */
export function describeRefusal(error) {
  const wait = waitOf(error);
  if (wait) return `Slow down a little: try again in ${wait} s.`;
  // The relay's message says what is wrong.
  if (['ERR_RELAY_FORBIDDEN', 'ERR_RELAY_INVALID_PARAMS'].includes(error.code)) return error.message;
  return describeProblem(error, { entered: true }).title;
}

/**
 * Seconds until a retry is allowed; 0 if there is no limit.
 * @param {any} error
 */
export const waitOf = ({ code, retryAfterMs }) =>
  code === 'ERR_RELAY_TOO_MANY' ? Math.max(1, Math.ceil((retryAfterMs ?? 1000) / 1000)) : 0;

/**
 * The pill in the header.
 * @param {import('./room.js').Phase} phase
 */
export function describePhase(phase) {
  switch (phase.name) {
    case 'connecting':
    case 'interrupted':
    case 'waiting':
      return 'entered' in phase && !phase.entered ? 'Connecting' : 'Reconnecting';
    case 'connected':
      return 'Connected';
    case 'restoring':
      return 'Restoring media';
    case 'failed':
      return 'Not connected';
  }
}
