import { gunzipSync, inflateSync } from 'node:zlib';
import { MAX_MESSAGE_BYTES } from '../grpc-connection.js';

/**
 * A message that the server has compressed. None is asked for (`grpc-accept-encoding: identity`): it costs more than it saves
 * with messages of a few hundred bytes. Some servers and proxies compress all the same.
 * @throws Error it can't be read, or is too long.
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
