/**
 * What a single session may send and hold. Not options: wide enough for every browser, and what stays within
 * them is what has been tried on the SFU.
 * @category Relay
 */
export const LIMITS = {
  /** Room, user, session and track ids, in UTF-16 code units. */
  maxIdLength: 128,
  maxSdpLength: 256 * 1024,
  /** Of an offer. An answer has as many as the SFU's offer, which grows with every track that was ever received. */
  maxSdpSections: 64,
  /** Simulcast layers of a section. */
  maxLayers: 8,
  maxCandidateLength: 1024,
  /** Candidates of the SFU that wait for a listener. */
  maxHeldCandidates: 64,
  /**
   * Different candidates of one peer connection that the SFU gets to see, until ICE is restarted; as many of a client wait
   * for its join. Chromium has less than 40, Firefox as many for each section. Further ones are dropped.
   */
  maxCandidates: 128,
  /** Different `a=mid` of a session's offers: the SFU keeps something for each, as long as the session lasts. */
  maxMids: 256,
  maxSubscriptions: 64,
  /** A participant's metadata, as JSON in UTF-16 code units. */
  maxMetadataLength: 4096,
  /** Tracks that a session publishes, where its grants say no less. */
  maxTracks: 16,
  maxStatsEntries: 512,
  /** The text of a chat message, where `chat()` is not told otherwise; in UTF-16 code units. */
  maxChatLength: 2_000,
  /** The `count` of a gift or of likes. */
  maxMessageCount: 1_000,
  /** Messages of a session that wait for a slow schema or hook. */
  maxWaitingMessages: 64,
  /** Messages of a session, in each direction, that wait while the application is asked about one. */
  maxHeldMessages: 64,
  /**
   * Bytes of a client's messages that wait: for authentication, for the rate limiter, for the application, for the SFU.
   * One message beside them may have any size that `maxMessageBytes` permits.
   */
  maxWaitingBytes: 64 * 1024,
  /** Messages that a rate limiter refuses in a row, before the client's connection is closed with 4429. */
  maxRefusedMessages: 100,
  /** Messages that the SFU has not taken from a session's stream. */
  maxPendingToSfu: 256,
} as const;
