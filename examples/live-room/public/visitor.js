// @ts-check
/** Who this page says it is. The server makes of it what one may do: visitors.js. */
import { signedToken } from './signed-token.js';

const KEY = 'live-room.token';
/** `?moderator`: in this demo it is enough to say so. */
const MODERATOR = new URLSearchParams(location.search).has('moderator');

/** @param {string} roomId @param {string} name */
export function signallingUrl(roomId, name) {
  const url = new URL('/rtc', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('room', roomId);
  url.searchParams.set('name', name);
  if (MODERATOR) url.searchParams.set('moderator', '');
  return url.href;
}

/** For connect(): the signed token that the address has, or the one of this tab. */
export const credentials = () => (Object.keys(signedToken).length > 0 ? signedToken : { token: ownToken() });

/** Made up, and kept by this tab: whoever opened a room is its moderator also after a reload. */
function ownToken() {
  const token = stored() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), toText).join('');
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // storage may be forbidden
  }
  return token;
}

/** @param {number} number */
const toText = (number) => number.toString(36);

function stored() {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
