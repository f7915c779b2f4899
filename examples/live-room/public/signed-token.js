// @ts-check
/**
 * The token in the fragment of the page's address, which no server and no log receives: `#token=…`, with `&renew` to
 * renew it when the relay requests it. /token/ makes such addresses.
 */
const given = new URLSearchParams(location.hash.slice(1));
const token = given.get('token');

/** Options of connect(); empty without a token. */
export const signedToken = token ? (given.has('renew') ? { getToken: renew } : { token }) : {};

async function renew() {
  const body = JSON.stringify({ renew: token });
  const response = await fetch('/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}
