import { isRecord } from '../../util/is-record.js';
import { wallClock } from '../../util/wall-clock.js';
import { Fault } from './fault.js';
import type { CheckOptions } from './options.js';

/** The claims of a JSON Web Token, unverified: they explain a refusal. Undefined if it is none. */
function readClaims(token: string): Record<string, unknown> | undefined {
  const [, payload = ''] = token.split('.');
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return isRecord(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

const LOG =
  'The relay tells clients no more. Its log does, at the level info: "A connection is closed" (option "logger").';

/** Why the relay has refused a token, as far as the token itself tells. */
export function explainToken(
  { token, audience }: Pick<CheckOptions, 'token' | 'audience'>,
  message: string,
): Fault {
  if (token === undefined)
    return new Fault(
      'token-missing',
      `The relay wants a token: ${message}`,
      'Write --token <token>, or set LIVE_TOKEN. sfu-relay token signs one for development.',
    );
  const claims = readClaims(token);
  if (!claims)
    return new Fault(
      'token-refused',
      `${message} It is no JSON Web Token.`,
      'Does the relay verify tokens by jwt()?',
      LOG,
    );
  const { exp, nbf, aud, iss, sub } = claims;
  const now = wallClock() / 1_000;
  if (typeof exp === 'number' && exp <= now)
    return new Fault(
      'token-expired',
      `The token has expired ${spanOf(now - exp)} ago.`,
      'Let your backend issue another one. If it is new: compare the clocks of both machines.',
    );
  if (audience !== undefined && ![aud].flat().includes(audience))
    return new Fault(
      'wrong-audience',
      `The token is for the audience ${JSON.stringify(aud) ?? 'of nobody (no claim "aud")'}, not for ${JSON.stringify(audience)}.`,
      `Let your backend issue tokens with "aud": ${JSON.stringify(audience)}, or change the option "audience" of jwt().`,
    );
  const fault = new Fault(
    'token-refused',
    message,
    `The token says: ${['aud', 'iss', 'sub'].map((name, i) => `${name} ${JSON.stringify([aud, iss, sub][i]) ?? 'nothing'}`).join(', ')}. ` +
      'Compare with "audience" and "issuer" of jwt(); --audience <name> compares for you.',
    ...(exp === undefined ? ['It has no "exp", and jwt() requires one.'] : []),
    ...(typeof nbf === 'number' && nbf > now ? [`It is valid in ${spanOf(nbf - now)} only ("nbf").`] : []),
    'Is it signed with the secret, or the key, that the relay has?',
    LOG,
  );
  return fault;
}

function spanOf(seconds: number): string {
  const [count, unit] =
    seconds < 120 ? [seconds, 's'] : seconds < 7_200 ? [seconds / 60, 'min'] : [seconds / 3_600, 'h'];
  return `${Math.round(count)} ${unit}`;
}
