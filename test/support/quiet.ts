/**
 * What libraries and relays without a logger write to stderr: tests cause much of it, and read what they mean by a logger. It stays
 * so after the tests of a file: relays may warn until their process ends.
 */
const QUIET = Symbol.for('sfu-relay tests are quiet');

if (!(QUIET in process.stderr)) {
  Object.defineProperty(process.stderr, QUIET, { value: true });
  // Read by grpc-js when it is loaded.
  process.env.GRPC_VERBOSITY ??= 'NONE';
  // Of a TLS connection to an IP address by grpc-js.
  process.noDeprecation = true;
  const write = process.stderr.write.bind(process.stderr);
  const isRelay = (chunk: unknown) => String(chunk).startsWith('sfu-relay ');
  process.stderr.write = ((chunk: string, ...rest: []) =>
    isRelay(chunk) || write(chunk, ...rest)) as typeof process.stderr.write;
}
