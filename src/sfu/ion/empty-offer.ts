const FINGERPRINT = Array.from({ length: 32 }, () => '00').join(':');

/** An offer that Ion accepts, with a data channel and no media. No peer connection exists for it. */
export const EMPTY_OFFER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:none',
  'a=ice-pwd:nobodyisthereatallnobody',
  `a=fingerprint:sha-256 ${FINGERPRINT}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=sctp-port:5000',
  '',
].join('\r\n');
