import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SfuTlsOptions } from '../tls.js';
import type { Address } from './addresses.js';

const READ_BYTES = 64 * 1024;

/** Connects to an address. What is read holds until `onRead` returns; events of the socket come besides. */
export function openSocket(
  address: Address,
  tls: SfuTlsOptions | undefined,
  onRead: (data: Buffer, bytes: number) => void,
): Socket {
  const onread = {
    // One for all that is ever read, instead of one for each piece.
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback(bytes: number, data: Uint8Array): boolean {
      onRead(data as Buffer, bytes);
      return true;
    },
  };
  const where = 'path' in address ? { path: address.path } : { host: address.ip, port: address.port };
  const options = { ...where, onread, noDelay: true };
  if (!tls) return connect(options);
  // node:tls names the server to itself only where it is told to; an address is no name.
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
