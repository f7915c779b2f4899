/**
 * One WebSocket, already open, that a transport gives to the relay. It carries text frames and knows nothing of the
 * protocol.
 * @category Transport
 */
export interface RelaySocket {
  /** The negotiated subprotocol, `""` for none. */
  readonly protocol: string;
  /** Bytes that were sent and are not on the network yet. */
  readonly bufferedAmount: number;
  /** Sends one text frame. */
  send(text: string): void;
  /** Calls `send`, which sends several frames, so that they leave by one write. Leave it out if the socket cannot. */
  cork?(send: () => void): void;
  /** Sends a ping frame. */
  ping(): void;
  /** Starts the closing handshake; `reason` is at most 123 bytes. */
  close(code: number, reason: string): void;
  /** Drops the connection without a handshake. */
  terminate(): void;
}

/**
 * The events of a socket, which its transport passes to the relay. No method throws.
 * @category Transport
 */
export interface ConnectionHandle {
  /** A text frame was received. */
  receive(text: string): void;
  /** A binary frame was received; it is refused. */
  receiveBinary(): void;
  /** A pong frame was received. */
  pong(): void;
  /**
   * A ping frame was received, and the transport answers it. Pongs that the client does not read count as buffered. A
   * transport that bounds them itself need not call this.
   */
  pinged(): void;
  /**
   * The socket has closed. Call it once, last, with the code and reason of the client's close frame; 1006 if there was
   * none, 1009 if the transport has refused a message for its length.
   */
  closed(code?: number, reason?: string): void;
}

const MAX_REASON_BYTES = 123;

/** A close frame's reason is limited in bytes of UTF-8 (RFC 6455 § 5.5); it is cut between characters only. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_REASON_BYTES) return text;
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES), { stream: true });
}
