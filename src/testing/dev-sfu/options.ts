import type { Keys } from '../../util/check-options.js';

/**
 * Options of {@link startDevSfu}.
 * @category Testing
 */
export interface DevSfuOptions {
  /**
   * The address on which gRPC listens.
   * @default '127.0.0.1'
   */
  host?: string;
  /** 0 to 65535. @default 0: any free port */
  port?: number;
  /**
   * This machine's addresses for media, in order of preference. For a phone in the same network, add this machine's address in that
   * network.
   * @default ['127.0.0.1']
   */
  iceAddresses?: readonly string[];
  /**
   * Receives failures of connections and messages. A pino logger implements it.
   * @default none
   */
  logger?: { warn(fields: object, message: string): void };
}

export const DEV_SFU_KEYS: Keys<DevSfuOptions> = { host: true, port: true, iceAddresses: true, logger: true };

export type DevSfuLogger = NonNullable<DevSfuOptions['logger']>;
