import { createSecureContext } from 'node:tls';
import { RelayError } from '../protocol/errors.js';

/**
 * TLS options: certificates and keys in PEM, as strings or as the contents of files.
 * @category Configuration
 */
export interface SfuTlsOptions {
  /** Certificate authorities. @default the system's */
  ca?: string | Uint8Array;
  /** Client certificate, for mutual TLS. */
  cert?: string | Uint8Array;
  /** Client key, for mutual TLS. */
  key?: string | Uint8Array;
  /** The name that the server's certificate must contain. @default the host of `serverUrl` */
  serverName?: string;
}

/**
 * Parses the certificates at start-up, so that a mistake does not fail each join.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function checkTls({ ca, cert, key, serverName }: SfuTlsOptions): void {
  if (serverName !== undefined && typeof serverName !== 'string')
    throw new RelayError('ERR_RELAY_CONFIG', '"sfu.tls.serverName" must be a name: write "sfu.example.com".');
  const pem: Record<string, Buffer> = {};
  for (const [name, value] of Object.entries({ ca, cert, key })) {
    if (value === undefined) continue;
    if (typeof value === 'string' && !value.includes('-----BEGIN'))
      throw new RelayError(
        'ERR_RELAY_CONFIG',
        `"sfu.tls.${name}" must be the contents of a PEM file, not its path: write readFileSync("${name}.pem").`,
      );
    pem[name] = Buffer.from(value);
  }
  try {
    createSecureContext(pem);
  } catch (error) {
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      '"sfu.tls" has a certificate or key that can\'t be read: write them in PEM, as they are in their files.',
      { cause: error },
    );
  }
}
