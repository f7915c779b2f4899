/** What `check` can find. Stable, for programs that read `--json`. */
export type FaultCode =
  // The network.
  | 'host-not-found'
  | 'port-closed'
  | 'no-connection'
  | 'tls-not-spoken'
  | 'tls-required'
  | 'certificate'
  // The way to the relay.
  | 'wrong-path'
  | 'upgrade-lost'
  | 'relay-not-reached'
  | 'http-refused'
  | 'redirected'
  | 'not-a-relay'
  // The client.
  | 'foreign-origin'
  | 'token-missing'
  | 'token-expired'
  | 'wrong-audience'
  | 'token-refused'
  | 'authentication-unavailable'
  | 'refused'
  | 'too-many'
  // The SFU and the media.
  | 'relay-failed'
  | 'sfu-unavailable'
  | 'sfu-failed'
  | 'no-candidates'
  | 'udp-blocked'
  | 'stun-unreachable'
  | 'turn-unreachable'
  | 'turn-credentials'
  | 'turn-refused';

/** What is wrong, and what to do about it. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly advice: readonly string[];

  constructor(code: FaultCode, message: string, ...advice: string[]) {
    super(message);
    this.code = code;
    this.advice = advice;
  }
}
