/**
 * PEM texts or files' contents.
 * @category Configuration
 */
export interface SfuTlsOptions {
  /** Certificate authorities. @default the system's */
  ca?: string | Uint8Array;
  /** Client certificate, for mutual TLS. */
  cert?: string | Uint8Array;
  /** Client key, for mutual TLS. */
  key?: string | Uint8Array;
  /** The name that the certificate must bear. @default the host of `serverUrl` */
  serverName?: string;
}
