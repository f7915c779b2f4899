import { RelayError } from '../protocol/errors.js';
import type { SfuTlsOptions } from './tls.js';

/** Advice if a server of another protocol answers. */
export const GRPC_PORT = 'write the gRPC port of the SFU (Ion: 5551)';

/** The target of a connection. */
export interface ConnectionTarget {
  /** `host:port` or `unix:path` */
  readonly serverUrl: string;
  readonly tls: SfuTlsOptions | undefined;
}

/**
 * The error of a connection that failed or was lost. The message is for clients, which must not learn the SFU's address; the cause has
 * the address and the reason.
 */
export function unavailable(cause: Error): RelayError {
  return new RelayError('ERR_RELAY_SFU_UNAVAILABLE', "The SFU can't be reached.", { cause });
}

export function timedOut(target: ConnectionTarget, timeoutMs: number): RelayError {
  const cause = connectionFault(
    target,
    `no connection within ${timeoutMs} ms: is the address right, does a firewall drop it?`,
  );
  return new RelayError('ERR_RELAY_SFU_TIMEOUT', 'The SFU does not answer.', { cause });
}

/** The reason, with the address of the connection. */
export function connectionFault({ serverUrl }: Pick<ConnectionTarget, 'serverUrl'>, what: string): Error {
  return new Error(`${serverUrl}: ${what}`);
}

/** An error of the socket before the server's first bytes, with advice. */
export function explainSocketError(target: ConnectionTarget, error: NodeJS.ErrnoException): Error {
  const reason = error.message.replace(` ${target.serverUrl}`, '').trim();
  const fault = connectionFault(target, reason + adviceOf(target, error));
  return error.code === undefined ? fault : Object.assign(fault, { code: error.code });
}

function adviceOf({ tls }: ConnectionTarget, { code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return '. Nothing listens there: does the SFU run, is it its gRPC port?';
  if (code === 'ENOENT') return '. There is no such socket: does the SFU run?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return '. There is no such host: is it spelled right?';
  if (!tls) return '';
  if (/wrong version number|packet length too long|tlsv1 alert protocol version/i.test(message))
    return '. No TLS is spoken there: leave sfu.tls out';
  if (/alert (certificate required|bad certificate|handshake failure|unknown ca)/i.test(message))
    return '. It wants a client certificate that it knows: write sfu.tls.cert and sfu.tls.key';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return ' Write the name of the certificate as sfu.tls.serverName.';
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code))
    return '. Write the authority that has signed the certificate as sfu.tls.ca';
  return '';
}

/** Detects another protocol from its answer to the HTTP/2 preface; undefined if the bytes are inconclusive. */
export function explainFirstBytes(target: ConnectionTarget, data: Buffer, bytes: number): Error | undefined {
  const first = data.toString('latin1', 0, Math.min(bytes, 16));
  if (first.startsWith('HTTP/1'))
    return connectionFault(target, `this port speaks HTTP/1.1, gRPC needs HTTP/2: ${GRPC_PORT}`);
  if (first.startsWith('SSH-')) return connectionFault(target, `this port speaks SSH: ${GRPC_PORT}`);
  // An error of RESP (Redis), which reads the preface as a command.
  if (/^-[A-Z]+ /.test(first)) return connectionFault(target, `this port speaks as Redis does: ${GRPC_PORT}`);
  // A TLS alert (RFC 8446 § 6), because the preface is not a ClientHello.
  if (data[0] === 0x15 && data[1] === 0x03)
    return connectionFault(
      target,
      'this port expects TLS: write sfu: { tls: {} }, with "ca" where it is your own',
    );
  return undefined;
}

/** The socket was closed before the server sent any bytes. */
export function explainSilentClose(target: ConnectionTarget): Error {
  return connectionFault(target, `the connection was closed without a word: ${isItGrpc(target)}`);
}

function isItGrpc({ tls }: ConnectionTarget): string {
  const why = tls ? 'does it want a client certificate (sfu.tls.cert)?' : 'does it expect TLS (sfu.tls)?';
  return `is it a gRPC port, ${why}`;
}

/** The reason from grpc-js, whose message has neither a code nor the server's bytes. */
export function explainGrpcJs(target: ConnectionTarget, details: string): Error {
  const what = details
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\. Resolution note: *$/, '')
    .trim();
  const [known = ''] =
    /\b(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ERR_TLS_CERT_ALTNAME_INVALID)\b/.exec(what) ?? [];
  const code = /self-signed|unable to (verify|get)/i.test(what) ? 'SELF_SIGNED' : known;
  return connectionFault(
    target,
    what + (adviceOf(target, { name: '', code, message: what }) || `: ${isItGrpc(target)}`),
  );
}
