import { RelayError } from '../errors.js';

/**
 * A page may send `text/plain` and forms to any server, with the user's cookies; for `application/json` its browser asks
 * the server first. The parameters, such as a charset, mean nothing: JSON is UTF-8 (RFC 8259 § 8.1).
 * @throws RelayError `ERR_RELAY_MEDIA_TYPE`
 */
export function checkMediaType(type: string | undefined): void {
  if (!/^application\/json[ \t]*(;|$)/i.test(type ?? ''))
    throw new RelayError(
      'ERR_RELAY_MEDIA_TYPE',
      'Send JSON, with the header "Content-Type: application/json".',
    );
}

const FIRST_BYTES = 4_096;

/**
 * Keeps no chunk: a client can send each byte as a chunk, which takes 100 times its size.
 * @throws RelayError `ERR_RELAY_TOO_LARGE`, as soon as it is known.
 */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  let buffer = Buffer.allocUnsafe(0);
  let bytes = 0;
  for await (const chunk of body) {
    const total = bytes + chunk.byteLength;
    if (total > maxBytes)
      throw new RelayError('ERR_RELAY_TOO_LARGE', `The body is longer than ${maxBytes} bytes.`);
    if (total > buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(total, 2 * buffer.length, FIRST_BYTES));
      buffer.copy(grown, 0, 0, bytes);
      buffer = grown;
    }
    buffer.set(chunk, bytes);
    bytes = total;
  }
  return buffer.toString('utf8', 0, bytes);
}
