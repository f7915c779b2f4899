/**
 * What a single session may send and hold. Not options: wide enough for every browser, and what stays within
 * them is what has been tried on the SFU.
 * @category Relay
 */
export const LIMITS = {
  /** Room, user, session and track ids, in UTF-16 code units. */
  maxIdLength: 128,
  maxSdpLength: 128 * 1024,
  maxSdpSections: 64,
  maxCandidateLength: 1024,
  /** Candidates of a client that wait for its join, and candidates of the SFU that wait for a listener. */
  maxHeldCandidates: 64,
  /** Publisher offers that wait for the one in flight. */
  maxQueuedOffers: 4,
  maxSubscriptions: 64,
  maxStatsEntries: 512,
  /** Messages that the SFU has not taken from a session's stream. */
  maxPendingToSfu: 256,
} as const;
