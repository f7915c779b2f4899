import { invalidParams } from '../../protocol/errors.js';

const MAX_LENGTH = 255;

/** A string of RFC 8941 § 3.3.3: printable ASCII, with `"` and `\` escaped. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
/** What other servers take: visible ASCII without a quote, a comma or a semicolon. */
const BARE = /^[!#-+\--:<-~]+$/;

/**
 * Reads the header `Idempotency-Key`. The draft has a quoted string; many clients send the same string without quotes.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS`
 */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const quoted = QUOTED.exec(header)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (BARE.test(header) ? header : '');
  if (key.length === 0 || key.length > MAX_LENGTH)
    throw invalidParams(
      `"Idempotency-Key" must be one string of 1 to ${MAX_LENGTH} printable ASCII characters, in quotes: ` +
        'Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324".',
    );
  return key;
}
