import type { Keys } from '../../util/check-options.js';

/**
 * Options of {@link startDevSfu}.
 * @category Testing
 */
export interface DevSfuOptions {
  /**
   * Where gRPC listens.
   * @default '127.0.0.1'
   */
  host?: string;
  /** @default 0, a free one */
  port?: number;
  /**
   * This machine's addresses for media, in the order of preference. For a phone in the same network, add the
   * address that it knows this machine by.
   * @default ['127.0.0.1']
   */
  iceAddresses?: readonly string[];
  /**
   * Told of connections and messages that fail; a pino logger fits.
   * @default none
   */
  logger?: { warn(fields: object, message: string): void };
}

export const DEV_SFU_KEYS: Keys<DevSfuOptions> = { host: true, port: true, iceAddresses: true, logger: true };

export type Logger = NonNullable<DevSfuOptions['logger']>;
