// @ts-check
/**
 * Development tokens, to try out grants: every request is signed. In a real application the login signs tokens, and knows
 * the grants of each user: docs/OAUTH2.md.
 */
import { randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { jwt } from 'sfu-relay/auth';

const AUDIENCE = 'live-room';
const MAX_BODY_BYTES = 16_384;
const MAX_LIFE_SECONDS = 86_400;

/** Signed with a secret of this process: a token is valid until the demo ends. */
export function openTokens() {
  const secret = randomBytes(32);
  // One clock signs and reads.
  const bySignature = jwt({ secret, audience: AUDIENCE, clockToleranceMs: 0 });

  /** @param {string} userId @param {object} video @param {number} seconds */
  const sign = (userId, video, seconds) =>
    new SignJWT({ video })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(userId)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${Math.min(seconds, MAX_LIFE_SECONDS)} seconds`)
      .sign(secret);

  /** The same again, for as long as it was for; also where it has expired meanwhile. @param {string} token */
  const renew = async (token) => {
    const rules = { audience: AUDIENCE, clockTolerance: MAX_LIFE_SECONDS };
    const { payload } = await jwtVerify(token, secret, rules);
    const { sub = '', video, iat = 0, exp = 0 } = payload;
    return sign(sub, /** @type {object} */ (video), exp - iat);
  };

  return {
    /**
     * Who brings one of these tokens is who it says; everybody else whom `others` says.
     * @param {import('sfu-relay').Authenticate} others
     * @returns {import('sfu-relay').Authenticate}
     */
    admit: (others) => (request) =>
      request.token?.split('.').length === 3 ? bySignature(request) : others(request),

    /** POST /tokens: `{userId, video, seconds}`, or `{renew: token}`, to a token. @type {import('node:http').RequestListener} */
    async answer(request, response) {
      const plain = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
      try {
        if (request.method !== 'POST') throw new Error('POST only.');
        const { renew: old, userId, video, seconds } = await readJson(request);
        const token = await (old ? renew(String(old)) : sign(String(userId), Object(video), Number(seconds)));
        response.writeHead(200, plain).end(token);
      } catch {
        response.writeHead(400, plain).end('Send {"userId", "video", "seconds"}, or {"renew"}, as JSON.');
      }
    },
  };
}

/** @param {import('node:http').IncomingMessage} request */
async function readJson(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new Error('too long');
  }
  return JSON.parse(text);
}
