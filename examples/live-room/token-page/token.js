// @ts-check
/** Requests a signed token, and shows its claims. */

/** @param {string} id */
const byId = (id) => /** @type {any} */ (document.getElementById(id));

const form = /** @type {HTMLFormElement} */ (byId('form'));
const GRANTS = ['roomJoin', 'canSubscribe', 'canPublish', 'canPublishData', 'hidden', 'roomAdmin'];

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const data = new FormData(form);
  const room = String(data.get('room')).trim();
  const video = {
    ...(room && { room }),
    ...Object.fromEntries(GRANTS.map((name) => [name, data.has(name)])),
    canPublishSources: data.getAll('source'),
  };
  // An empty list means all sources, so no selected source means no `canPublish`.
  if (video.canPublishSources.length === 0) Object.assign(video, { canPublish: false });
  const body = JSON.stringify({ userId: data.get('userId'), video, seconds: Number(data.get('seconds')) });
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch('/tokens', { method: 'POST', headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    byId('error').textContent = '';
    show(text, room, data.has('renew'));
  } catch (error) {
    byId('error').textContent = `The token was not signed: ${/** @type {Error} */ (error).message}`;
  }
});

byId('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(byId('token').textContent);
  byId('copy').textContent = 'Copied';
});

/** @type {ReturnType<typeof setInterval> | undefined} */
let countdown;

/** @param {string} token @param {string} room @param {boolean} renewed */
function show(token, room, renewed) {
  const claims = JSON.parse(decode(token.split('.')[1] ?? ''));
  byId('token').textContent = token;
  byId('claims').textContent = JSON.stringify(claims, null, 2);
  byId('copy').textContent = 'Copy token';
  const url = new URL('/', location.href);
  // A pattern is not a room that one can join.
  url.searchParams.set('room', room.includes('*') || !room ? room.replaceAll('*', '') || 'lobby' : room);
  url.searchParams.set('name', claims.sub);
  url.hash = `token=${token}${renewed ? '&renew' : ''}`;
  byId('enter').href = url.href;
  byId('result').hidden = false;
  clearInterval(countdown);
  const tick = () => {
    const seconds = Math.round(claims.exp - Date.now() / 1000);
    byId('left').textContent = seconds > 0 ? `expires in ${seconds} s` : 'expired';
  };
  countdown = setInterval(tick, 1000);
  tick();
}

/** @param {string} part base64url of UTF-8 */
function decode(part) {
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (each) =>
    each.charCodeAt(0),
  );
  return new TextDecoder().decode(bytes);
}
