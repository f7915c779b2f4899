// @ts-check
/** The identity that this page claims. The server derives the grants from it: visitors.js. */
import { signedToken } from './signed-token.js';

const KEY = 'live-room.token';
/** `?moderator`: this demo trusts the claim. */
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

/** Options of connect(): the signed token in the address, or the token of this tab. */
export const credentials = () => (Object.keys(signedToken).length > 0 ? signedToken : { token: ownToken() });

/** Random, and kept by this tab: the user who opened a room still moderates it after a reload. */
function ownToken() {
  const token = stored() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), toText).join('');
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // storage may be disabled
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
