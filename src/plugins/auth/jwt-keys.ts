import { createPublicKey, createSecretKey, KeyObject, type webcrypto } from 'node:crypto';
import { misconfigured } from '../../util/check-options.js';

/**
 * Signature algorithms of tokens (RFC 7518 § 3.1, RFC 8037, RFC 9864).
 * @category Authentication
 */
export type JwtAlgorithm =
  | ('HS256' | 'HS384' | 'HS512')
  | ('RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512')
  | ('ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519');

const SYMMETRIC: readonly JwtAlgorithm[] = ['HS256', 'HS384', 'HS512'];

const ASYMMETRIC: readonly JwtAlgorithm[] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
];

/** The algorithms that authorization servers use, for all kinds of keys. */
const USUAL: JwtAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

/** The algorithms for a server's keys, whose kind is not known in advance. @throws RelayError `ERR_RELAY_CONFIG` */
export function serverAlgorithms(wanted: readonly JwtAlgorithm[] | undefined): JwtAlgorithm[] {
  return checkAlgorithms(
    wanted ?? USUAL,
    ASYMMETRIC,
    'keys of a server are public, and anybody could sign by',
  );
}

/**
 * Checks a secret, and selects its algorithms.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function secretKey(secret: string | Uint8Array, wanted: readonly JwtAlgorithm[] = ['HS256']) {
  const algorithms = checkAlgorithms(wanted, SYMMETRIC, 'a "secret" is not for');
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array))
    throw misconfigured('"secret" must be a string, or bytes.');
  const bytes = Buffer.from(secret);
  if (bytes.includes('-----BEGIN')) throw misconfigured('"secret" is a key in PEM: write publicKey instead.');
  // A key is at least as long as the hash (RFC 7518 § 3.2).
  const least = Math.max(...algorithms.map((each) => Number(each.slice(2)) / 8));
  if (bytes.length < least)
    throw misconfigured(
      `"secret" has ${bytes.length} bytes, and can be guessed: write ${least} at least (openssl rand -base64 ${least}).`,
    );
  return { key: createSecretKey(bytes), algorithms };
}

/**
 * Reads a public key: PEM (also of a certificate), a JSON Web Key, or a KeyObject; and selects its algorithms.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function publicKey(
  source: string | webcrypto.JsonWebKey | KeyObject,
  wanted?: readonly JwtAlgorithm[],
) {
  const key = readPublicKey(source);
  const fitting = ASYMMETRIC.filter((each) => fits(each, key));
  if (fitting.length === 0)
    throw misconfigured(
      '"publicKey" is of a kind that no token is signed by: write one of RSA, EC or Ed25519.',
    );
  return { key, algorithms: checkAlgorithms(wanted ?? fitting, fitting, 'this "publicKey" is not for') };
}

function readPublicKey(source: string | webcrypto.JsonWebKey | KeyObject): KeyObject {
  if (source instanceof KeyObject) {
    if (source.type === 'public') return source;
    throw misconfigured(`"publicKey" is a ${source.type} key.`);
  }
  const isSecret = typeof source === 'string' ? source.includes('PRIVATE KEY-----') : source?.d !== undefined;
  if (isSecret) throw misconfigured('"publicKey" is a private key: keep that where tokens are signed.');
  try {
    return createPublicKey(typeof source === 'string' ? source : { key: { ...source }, format: 'jwk' });
  } catch {
    throw misconfigured(
      '"publicKey" can\'t be read: write it in PEM ("-----BEGIN PUBLIC KEY-----"), or as a JWK.',
    );
  }
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

function fits(algorithm: JwtAlgorithm, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  switch (asymmetricKeyType) {
    case 'rsa':
      return algorithm.startsWith('RS') || algorithm.startsWith('PS');
    case 'rsa-pss':
      return algorithm.startsWith('PS');
    case 'ec':
      return CURVES[asymmetricKeyDetails?.namedCurve ?? ''] === algorithm;
    default:
      return asymmetricKeyType === 'ed25519' && (algorithm === 'EdDSA' || algorithm === 'Ed25519');
  }
}

function checkAlgorithms(
  wanted: readonly JwtAlgorithm[],
  fitting: readonly JwtAlgorithm[],
  reason: string,
): JwtAlgorithm[] {
  if (!Array.isArray(wanted) || wanted.length === 0)
    throw misconfigured(`"algorithms" must be a list of ${fitting.join(', ')}.`);
  const wrong = wanted.find((each) => !fitting.includes(each));
  if (wrong !== undefined)
    throw misconfigured(
      `"algorithms" has ${JSON.stringify(wrong)}: ${reason} that. Write some of ${fitting.join(', ')}.`,
    );
  return [...wanted];
}
