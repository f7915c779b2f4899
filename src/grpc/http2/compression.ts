import { gunzipSync, inflateSync } from 'node:zlib';
import { MAX_MESSAGE_BYTES } from '../grpc-connection.js';

/**
 * Decompresses a message. The client asks for none (`grpc-accept-encoding: identity`), because compression costs more than it
 * saves for messages of a few hundred bytes, but some servers and proxies compress nevertheless.
 * @throws Error the message can't be decompressed, or is too long
 */
export function decompress(encoding: string | undefined, message: Buffer): Buffer {
  const limit = { maxOutputLength: MAX_MESSAGE_BYTES };
  switch (encoding) {
    case 'gzip':
      return gunzipSync(message, limit);
    case 'deflate':
      return inflateSync(message, limit);
    default:
      throw new Error(
        `a message compressed by ${encoding ?? 'an encoding without a name'}, which was not asked for`,
      );
  }
}
