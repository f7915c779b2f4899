import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SfuTlsOptions } from '../tls.js';
import type { Address } from './addresses.js';

const READ_BYTES = 64 * 1024;

/** Connects to an address. Read data is valid until `onRead` returns. */
export function openSocket(
  address: Address,
  tls: SfuTlsOptions | undefined,
  onRead: (data: Buffer, bytes: number) => void,
): Socket {
  const onread = {
    // One buffer for all reads, instead of one for each.
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback(bytes: number, data: Uint8Array): boolean {
      onRead(data as Buffer, bytes);
      return true;
    },
  };
  const where = 'path' in address ? { path: address.path } : { host: address.ip, port: address.port };
  const options = { ...where, onread, noDelay: true };
  if (!tls) return connect(options);
  // node:tls sends SNI only if `servername` is set. An IP address is not allowed there.
  const servername = tls.serverName ?? (isIP(address.host) ? '' : address.host);
  return connectTls({ ...options, ALPNProtocols: ['h2'], servername, ...toTlsOptions(tls) });
}

function toTlsOptions({ ca, cert, key }: SfuTlsOptions) {
  return {
    ...(ca !== undefined && { ca: Buffer.from(ca) }),
    ...(cert !== undefined && { cert: Buffer.from(cert) }),
    ...(key !== undefined && { key: Buffer.from(key) }),
  };
}
