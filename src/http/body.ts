import { RelayError } from '../errors.js';

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
