/**
 * The limits of a session. They are not options: every browser stays within them, and the SFU has been tested up to them.
 * @category Relay
 */
export const LIMITS = {
  /** Room, user, session and track ids, in UTF-16 code units. */
  maxIdLength: 128,
  maxSdpLength: 256 * 1024,
  /** Of an offer. An answer has as many sections as the SFU's offer, which grows with every received track. */
  maxSdpSections: 64,
  /** Simulcast layers of a section. */
  maxLayers: 8,
  maxCandidateLength: 1024,
  /** Candidates of the SFU that wait for a listener. */
  maxHeldCandidates: 64,
  /**
   * Different candidates of one peer connection that are forwarded to the SFU until an ICE restart. As many may wait for the join.
   * Chromium has less than 40, Firefox as many for each section. Further ones are dropped.
   */
  maxCandidates: 128,
  /** Different `a=mid` of a session's offers: the SFU keeps state for each until the session ends. */
  maxMids: 256,
  maxSubscriptions: 64,
  /** Participants of one page. */
  maxPage: 100,
  /** A participant's metadata, as JSON in UTF-16 code units. */
  maxMetadataLength: 4096,
  /** Published tracks of a session, unless its grants allow fewer. */
  maxTracks: 16,
  maxStatsEntries: 512,
  /** The default length of a chat message, in UTF-16 code units. */
  maxChatLength: 2_000,
  /** The `count` of a gift or of likes. */
  maxMessageCount: 1_000,
  /** Messages of a session that wait for a slow schema or hook. */
  maxWaitingMessages: 64,
  /** Messages of a session, in each direction, that wait for a hook. */
  maxHeldMessages: 64,
  /**
   * Bytes of a client's waiting messages: for authentication, the rate limiter, hooks, the SFU. One further message may have any
   * size up to `maxMessageBytes`.
   */
  maxWaitingBytes: 64 * 1024,
  /** Consecutive messages that the rate limiter refuses before the connection is closed with 4429. */
  maxRefusedMessages: 100,
  /** Unsent messages of a session's stream to the SFU. */
  maxPendingToSfu: 256,
} as const;
