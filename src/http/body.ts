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

/** @throws RelayError `ERR_RELAY_TOO_LARGE`, as soon as it is known. */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes)
      throw new RelayError('ERR_RELAY_TOO_LARGE', `The body is longer than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
