// @ts-check
/** Explains states and errors to the user. */

/** @typedef {{ title: string, text: string }} Words */

const SFU_DOWN = {
  title: 'The SFU can’t be reached',
  text: 'The server is running; try again in a moment.',
};
const LOST = {
  title: 'The connection was lost',
  text: 'The server or the network is interrupted. You rejoin the room automatically when it answers.',
};
const UNREACHABLE = {
  title: 'The server can’t be reached',
  text: 'Check that it is running, and check your network.',
};
const TOO_MANY = {
  title: 'Too much at once',
  text: 'You have sent too many requests. Try again in a moment.',
};
const NO_RIGHT = {
  title: 'You may not enter this room',
  text: 'You are signed in, but you are not allowed in this room.',
};
const SIGN_IN = {
  title: 'You have to sign in',
  text: 'Sign in, then open the room again.',
};
const TOO_SLOW = {
  title: 'This took too long',
  text: 'The connection was too slow for the server. Try again.',
};
const REMOVED = { title: 'You were removed from this room', text: 'A moderator has removed you.' };
const ENDED = { title: 'The room has ended', text: 'A moderator has closed it for everybody.' };
const ELSEWHERE = {
  title: 'You are here already',
  text: 'Your session was opened in another tab or device.',
};
const RESTART = { title: 'The server is restarting', text: 'You rejoin the room automatically.' };

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
    text: 'New users cannot join now. You join automatically when a moderator unlocks it.',
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
    title: 'No media connection',
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
 * The reason for a missing camera or microphone, and what is sent instead.
 * @param {unknown} error of getUserMedia(); undefined where the browser has none
 */
export function describeFallback(error) {
  const name = /** @type {Error | undefined} */ (error)?.name;
  const reason =
    {
      NotAllowedError: 'The camera was not allowed',
      NotFoundError: 'No camera was found',
      NotReadableError: 'The camera is in use by another program',
    }[name ?? ''] ??
    (window.isSecureContext
      ? 'The camera can’t be used'
      : 'Browsers allow the camera only on https or localhost');
  return `${reason}. You are live with a generated video and a soft tone.`;
}
