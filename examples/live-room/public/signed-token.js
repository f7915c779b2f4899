// @ts-check
/**
 * The token that the address has, behind `#`, where no server and no log gets to see it: `#token=…`, and `&renew` for
 * another one whenever the relay wants it. /token/ makes such addresses.
 */
const given = new URLSearchParams(location.hash.slice(1));
const token = given.get('token');

/** For connect(): nothing, where there is no token. */
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
