// @ts-check
/** What happened, in words for the person in front of the page. */

/** @typedef {{ title: string, text: string }} Words */

const SFU_DOWN = {
  title: 'The SFU can’t be reached',
  text: 'The server is up; try again in a moment.',
};
const LOST = {
  title: 'The connection was lost',
  text: 'The server or the network went away for a moment. You are back in the room as soon as it answers.',
};
const UNREACHABLE = {
  title: 'The server can’t be reached',
  text: 'Is it still running? Look at the terminal in which it was started, and at your network.',
};
const TOO_MANY = {
  title: 'Too much at once',
  text: 'The server asks for a short break. Try again in a moment.',
};
const NO_RIGHT = {
  title: 'You may not enter this room',
  text: 'The server knows you, but doesn’t let you in here.',
};
const SIGN_IN = {
  title: 'You have to sign in',
  text: 'The server doesn’t know you. Sign in, then come back.',
};
const TOO_SLOW = {
  title: 'This took too long',
  text: 'The connection was too slow for the server. Try again.',
};
const REMOVED = { title: 'You were removed from this room', text: 'A moderator has put you out.' };
const ENDED = { title: 'The room has ended', text: 'A moderator has closed it for everybody.' };
const ELSEWHERE = { title: 'You are here already', text: 'The same session was opened in another place.' };
const RESTART = { title: 'The server is restarting', text: 'You come back into the room by yourself.' };

/** @type {Record<string, Words>} by error code of relay and client */
const BY_ERROR = {
  ERR_RELAY_SFU_UNAVAILABLE: SFU_DOWN,
  ERR_RELAY_SFU_TIMEOUT: SFU_DOWN,
  ERR_RELAY_SFU_STREAM_ENDED: {
    title: 'The SFU ended the session',
    text: 'It may have restarted. Try again in a moment.',
  },
  ERR_RELAY_TOO_MANY: TOO_MANY,
  ERR_RELAY_FORBIDDEN: NO_RIGHT,
  ERR_RELAY_REMOVED: REMOVED,
  ERR_RELAY_ROOM_ENDED: ENDED,
  ERR_RELAY_ROOM_LOCKED: {
    title: 'This room is locked',
    text: 'Nobody new may come in now. You are let in by yourself as soon as a moderator unlocks it.',
  },
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
  ERR_CLIENT_MEDIA_LOST: {
    title: 'Pictures don’t get through',
    text: 'The server answers, but the media connection to the SFU was lost. A firewall may be in the way.',
  },
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
  4502: BY_ERROR.ERR_RELAY_SFU_STREAM_ENDED,
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
  // The moderator's own words.
  if (known === REMOVED || known === ENDED) return { title: known.title, text: said || known.text };
  return known ?? { title: 'That didn’t work', text: said || 'Try again in a moment.' };
}

/**
 * Why something that one did in the room was not taken, in one line.
 * @param {any} error
 */
export function describeRefusal(error) {
  const wait = waitOf(error);
  if (wait) return `Slow down a little: try again in ${wait} s.`;
  // The relay says what is wrong with it.
  if (['ERR_RELAY_FORBIDDEN', 'ERR_RELAY_INVALID_PARAMS'].includes(error.code)) return error.message;
  return describeProblem(error, { entered: true }).title;
}

/**
 * s until it may be tried again; 0 where that is not the matter.
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
    case 'waiting':
      return phase.entered ? 'Reconnecting' : 'Connecting';
    case 'connected':
      return 'Connected';
    case 'restoring':
      return 'Restoring media';
    case 'failed':
      return 'Not connected';
  }
}

/**
 * Why there is no camera or microphone, and what is sent instead.
 * @param {unknown} error of getUserMedia(); undefined where the browser has none
 */
export function describeFallback(error) {
  const name = /** @type {Error | undefined} */ (error)?.name;
  const reason =
    {
      NotAllowedError: 'The camera wasn’t allowed',
      NotFoundError: 'No camera was found',
      NotReadableError: 'The camera is in use by another program',
    }[name ?? ''] ??
    (window.isSecureContext
      ? 'The camera can’t be used'
      : 'Browsers give the camera only to https or localhost');
  return `${reason}. You are live with a generated picture and a soft tone.`;
}
