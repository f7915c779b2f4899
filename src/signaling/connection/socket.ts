/**
 * What a transport gives the relay: one WebSocket, already open. Bytes in and out, nothing of the protocol.
 * @category Transport
 */
export interface RelaySocket {
  /** The negotiated subprotocol, `""` for none. */
  readonly protocol: string;
  /** Bytes that were sent and are not on the network yet. */
  readonly bufferedAmount: number;
  /** Sends one text frame. */
  send(text: string): void;
  /** Runs what sends several frames, for them to go out by one write; left out where the socket has no such thing. */
  cork?(send: () => void): void;
  /** Sends a ping frame. */
  ping(): void;
  /** Starts the closing handshake; `reason` is at most 123 bytes. */
  close(code: number, reason: string): void;
  /** Drops the connection without a handshake. */
  terminate(): void;
}

const MAX_REASON_BYTES = 123;

/** A close frame's reason is limited in bytes of UTF-8 (RFC 6455 § 5.5), and never cut within a character. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_REASON_BYTES) return text;
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES), { stream: true });
}
