import { checkOptions, integer, type Keys } from '../util/check-options.js';

/**
 * How long sessions wait for clients that have lost their connections, and what is kept for those.
 * @category Configuration
 */
export interface ResumptionOptions {
  /** ms that a session waits for another connection of its client; up to an hour. @default 30000 */
  graceMs?: number;
  /**
   * Messages to a client that are kept until it has acknowledged them. Beyond it, those that describe the room are discarded, and
   * the client gets a new description when it resumes; up to 65536. @default 512
   */
  maxFrames?: number;
  /** As `maxFrames`, in bytes of their JSON; up to 64 MiB. @default 262144 */
  maxBytes?: number;
  /** Sessions of this process that may wait at the same time. One more ends as its connection breaks. @default 20000 */
  maxDetached?: number;
  /** The same for the clients of an IPv4 address, or IPv6 network of 64 bits. @default 10000 */
  maxDetachedPerAddress?: number;
}

export type ResolvedResumption = Readonly<Required<ResumptionOptions>>;

const KEYS: Keys<ResumptionOptions> = {
  graceMs: true,
  maxFrames: true,
  maxBytes: true,
  maxDetached: true,
  maxDetachedPerAddress: true,
};

/**
 * Undefined where sessions end with their connections.
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function resolveResumption(option: false | ResumptionOptions = {}): ResolvedResumption | undefined {
  if (option === false) return undefined;
  const example = 'resumption: { graceMs: 30_000 }, or resumption: false';
  checkOptions({ name: '"resumption"', example }, option, KEYS);
  return {
    graceMs: integer(option, 'graceMs', 30_000, 1, 3_600_000),
    maxFrames: integer(option, 'maxFrames', 512, 1, 65_536),
    maxBytes: integer(option, 'maxBytes', 262_144, 1, 67_108_864),
    maxDetached: integer(option, 'maxDetached', 20_000, 0),
    maxDetachedPerAddress: integer(option, 'maxDetachedPerAddress', 10_000, 0),
  };
}
