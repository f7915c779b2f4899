import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SfuTlsOptions } from '../../tls.js';

const READ_BYTES = 64 * 1024;

/** Connects to `host:port`. What is read holds until `onRead` returns; events of the socket come besides. */
export function openSocket(
  serverUrl: string,
  tls: SfuTlsOptions | undefined,
  onRead: (data: Buffer, bytes: number) => void,
): Socket {
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(serverUrl) ?? [];
  const onread = {
    // One for all that is ever read, instead of one for each piece.
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback(bytes: number, data: Uint8Array): boolean {
      onRead(data as Buffer, bytes);
      return true;
    },
  };
  const address = { host, port: Number(port), onread, noDelay: true };
  if (!tls) return connect(address);
  // node:tls names the server to itself only where it is told to; an address is no name.
  const servername = tls.serverName ?? (isIP(host) ? '' : host);
  return connectTls({ ...address, ALPNProtocols: ['h2'], servername, ...toTlsOptions(tls) });
}

function toTlsOptions({ ca, cert, key }: SfuTlsOptions) {
  return {
    ...(ca !== undefined && { ca: Buffer.from(ca) }),
    ...(cert !== undefined && { cert: Buffer.from(cert) }),
    ...(key !== undefined && { key: Buffer.from(key) }),
  };
}
