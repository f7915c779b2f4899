import { RelayError } from '../protocol/errors.js';
import type { CancelSignal } from '../util/cancellation.js';
import { isOptions } from '../util/check-options.js';
import { withDeadline } from '../util/deadline.js';
import { connectionFault, unavailable } from './failed-connection.js';

/**
 * gRPC metadata by name, such as `{ authorization: 'Bearer …' }`. Values are strings of printable ASCII.
 * @category Configuration
 */
export type SfuMetadata = Readonly<Record<string, string>>;

/** The size that gRPC servers accept of a request's header fields, including those of the relay. */
const MAX_METADATA_BYTES = 7 * 1024;
/** The overhead of a field, besides its name and value (RFC 7541 § 4.1). */
const FIELD_BYTES = 32;

/** Names that gRPC and HTTP/2 set or forbid (RFC 9113 § 8.2.2). */
const RESERVED = new Set([
  'connection',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

/**
 * Converts the names to lower case, as HTTP/2 requires.
 * @throws Error whose message says what to write instead
 */
function readMetadata(metadata: unknown): SfuMetadata {
  if (!isOptions(metadata)) throw new Error("must be an object: write { authorization: 'Bearer …' }");
  let bytes = 0;
  const entries = Object.entries(metadata).flatMap(([key, value]: [string, unknown]) => {
    if (value === undefined) return [];
    const name = key.toLowerCase();
    if (!/^[0-9a-z_.-]+$/.test(name))
      throw new Error(
        `has the name ${JSON.stringify(key.slice(0, 64))}: names are of letters, digits, "-", "_" and "."`,
      );
    if (RESERVED.has(name) || name.startsWith('grpc-'))
      throw new Error(`has "${name}", which gRPC sets itself: leave it out`);
    if (name.endsWith('-bin'))
      throw new Error(`has "${name}", but takes texts only: encode it, and use another name`);
    if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value))
      throw new Error(`has a value of "${name}" that is not a text of printable ASCII`);
    bytes += name.length + value.length + FIELD_BYTES;
    return [[name, value] as const];
  });
  if (bytes > MAX_METADATA_BYTES)
    throw new Error(`has ${bytes} bytes, more than the ${MAX_METADATA_BYTES} that servers take`);
  return Object.fromEntries(entries);
}

/** @throws RelayError `ERR_RELAY_CONFIG` that says what to write instead. */
export function checkSfuMetadata(metadata: unknown): SfuMetadata | (() => unknown) | undefined {
  if (metadata === undefined || typeof metadata === 'function')
    return metadata as undefined | (() => unknown);
  try {
    return readMetadata(metadata);
  } catch (error) {
    throw new RelayError('ERR_RELAY_CONFIG', `"sfu.metadata" ${(error as Error).message}.`);
  }
}

/**
 * Calls the application's function for the metadata of one stream.
 * @throws RelayError `ERR_RELAY_SFU_UNAVAILABLE`: the function failed or missed its deadline. `ERR_RELAY_ABORTED`
 */
export async function makeMetadata(
  make: () => unknown,
  { serverUrl, timeoutMs }: { serverUrl: string; timeoutMs: number },
  signal: CancelSignal,
): Promise<SfuMetadata> {
  const failed = (why: string, cause?: unknown) =>
    unavailable(Object.assign(connectionFault({ serverUrl }, `sfu.metadata() ${why}`), cause && { cause }));
  if (signal.aborted) throw aborted(signal);
  let made: unknown;
  try {
    made = await withDeadline(
      Promise.resolve(make()),
      timeoutMs,
      () => failed(`has given nothing within ${timeoutMs} ms`),
      signal,
    );
  } catch (error) {
    if (signal.aborted) throw aborted(signal);
    if (error instanceof RelayError && error.code === 'ERR_RELAY_SFU_UNAVAILABLE') throw error;
    throw failed(`has failed: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  try {
    return readMetadata(made);
  } catch (error) {
    throw failed((error as Error).message);
  }
}

function aborted(signal: CancelSignal): RelayError {
  return new RelayError('ERR_RELAY_ABORTED', 'Cancelled.', { cause: signal.reason });
}
