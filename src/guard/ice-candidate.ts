import { isIP } from 'node:net';
import { invalidParams, RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { IceCandidate, Target } from '../protocol/types.js';
import { checkOptions, type Keys, oneOf } from '../util/check-options.js';
import { isPublicAddress } from './public-address.js';

/** RFC 8839 § 5.1, as the SFU parses it. A candidate that it can't parse ends the session's stream. */
const CANDIDATE =
  /^candidate:[!-~]{1,64} (\d{1,5}) ([A-Za-z]{1,16}) (\d{1,10}) ([!-~]{1,256}) (\d{1,5}) typ ([!-~]{1,32})((?: [!-~]+)*)$/;
/** The transports that the SFU knows; RFC 8839 says to ignore others. */
const TRANSPORT = /^(?:udp|tcp)$/i;
const TYPE = /^(?:host|srflx|prflx|relay)$/;
const LOCAL_NAME = /^[A-Za-z0-9-]{1,64}\.local$/;
/** The first extensions, which the SFU parses. */
const RELATED = /^ raddr (\S+) rport (\d{1,5})(?: |$)/;
/** Some clients send the whole SDP line. */
const PREFIX = /^(?:a=)?(?:candidate:)?/;
const WHITE_SPACE = /[ \t]+/g;

/** Characters that JSON does not escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Without a zone id, which the SFU does not parse. */
const isAddress = (text: string) => LOCAL_NAME.test(text) || (isIP(text) !== 0 && !text.includes('%'));
const isPort = (text: string | undefined) => Number(text) <= 65535;

function invalid(what: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_SDP', `The ICE candidate can't be used: ${what}.`);
}

/**
 * Normalizes a candidate to the attribute that the SFU parses, `candidate:…`; an empty one signals the end of candidates.
 * @returns undefined for a candidate with a transport, type or kind of address that the SFU does not know: it is ignored (RFC
 * 8839 § 5.1)
 * @throws RelayError `ERR_RELAY_INVALID_SDP`
 */
export function readCandidate(text: string): string | undefined {
  if (text.length > LIMITS.maxCandidateLength) throw invalid('it is too long');
  let candidate = text;
  let match = CANDIDATE.exec(text);
  if (!match) {
    const value = text.replace(PREFIX, '').replace(WHITE_SPACE, ' ').trim();
    if (value === '') return '';
    candidate = `candidate:${value}`;
    match = CANDIDATE.exec(candidate);
  }
  if (!match) throw invalid('it does not follow RFC 8839');
  const [, component, transport = '', priority, address = '', port, type = '', extensions = ''] = match;
  if (Number(component) > 65535) throw invalid('its component is out of range');
  if (Number(priority) > 0xffffffff) throw invalid('its priority is out of range');
  if (!isPort(port)) throw invalid('its port is out of range');
  if (extensions.startsWith(' raddr') && !isPort(RELATED.exec(extensions)?.[2]))
    throw invalid('its related address is malformed');
  if (extensions === ' tcptype') throw invalid('its tcptype is missing');
  const isKnown = TRANSPORT.test(transport) && TYPE.test(type);
  return isKnown && isAddress(address) ? candidate : undefined;
}

const isTextOrNull = (value: unknown): value is string | null | undefined =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' && value.length <= LIMITS.maxIdLength * 2);

/**
 * Checks a client's candidate, and reads its attribute as `readCandidate` does.
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS` or `ERR_RELAY_INVALID_SDP`.
 */
export function readInit(candidate: unknown): string | undefined {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate))
    throw invalidParams('"candidate" must be an RTCIceCandidateInit.');
  const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate as Partial<IceCandidate>;
  if (line != null && typeof line !== 'string')
    throw invalidParams('"candidate.candidate" must be a string.');
  if (!isTextOrNull(sdpMid) || !isTextOrNull(usernameFragment))
    throw invalidParams('"sdpMid" and "usernameFragment" must be strings or null.');
  if (
    sdpMLineIndex != null &&
    !(Number.isInteger(sdpMLineIndex) && sdpMLineIndex >= 0 && sdpMLineIndex < 65536)
  )
    throw invalidParams('"sdpMLineIndex" must be a number from 0 to 65535, or null.');
  // A missing or empty line signals the end of candidates.
  return readCandidate(line ?? '');
}

/**
 * The JSON for the SFU (Ion: `Trickle.init`). Same output as `JSON.stringify`, in half the time where nothing has to be escaped.
 */
export function writeInit(line: string, init: Omit<Partial<IceCandidate>, 'candidate'>): string {
  const { sdpMid, sdpMLineIndex, usernameFragment } = init;
  if (!needsNoEscapes(line) || !needsNoEscapes(sdpMid) || !needsNoEscapes(usernameFragment))
    return JSON.stringify({ candidate: line, sdpMid, sdpMLineIndex, usernameFragment });
  const index = sdpMLineIndex === undefined ? '' : `,"sdpMLineIndex":${sdpMLineIndex}`;
  return `{"candidate":"${line}"${field('sdpMid', sdpMid)}${index}${field('usernameFragment', usernameFragment)}}`;
}

function needsNoEscapes(text: string | null | undefined): boolean {
  return text === null || text === undefined || PLAIN.test(text);
}

function field(name: string, value: string | null | undefined): string {
  if (value === undefined) return '';
  return value === null ? `,"${name}":null` : `,"${name}":"${value}"`;
}

export function checkTarget(target: unknown): asserts target is Target {
  if (target !== 0 && target !== 1) throw invalidParams('"target" must be 0 (publisher) or 1 (subscriber).');
}

/** JSON as Go writes it without escapes: valid without parsing. */
const PLAIN_INIT =
  /^\{"candidate":"[ !#-[\]-~]*"(?:,"(?:sdpMid|usernameFragment)":(?:null|"[ !#-[\]-~]*")|,"sdpMLineIndex":(?:null|0|[1-9]\d{0,4}))*\}$/;

/** Checks the JSON of an SFU's candidate; undefined where it is not a candidate. */
export function checkInit(init: string): string | undefined {
  if (init.length > 2 * LIMITS.maxCandidateLength) return undefined;
  if (PLAIN_INIT.test(init)) return init;
  try {
    const value: unknown = JSON.parse(init);
    const candidate = (value as Partial<IceCandidate> | null)?.candidate;
    return typeof candidate === 'string' ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Which candidates of clients are forwarded to the SFU. The SFU sends STUN requests to each address: if no client is on its
 * private network, drop private addresses.
 * @category Configuration
 */
export interface CandidatePolicy {
  /** `.local` names (mDNS), by which browsers hide their private addresses. @default 'pass' */
  mdns?: 'pass' | 'drop';
  /**
   * Addresses other than public unicast ones: private, loopback, link-local, multicast, documentation, … An IPv6 address that
   * embeds an IPv4 address (mapped, NAT64, 6to4, Teredo, ISATAP) counts as that one. @default 'pass'
   */
  privateAddresses?: 'pass' | 'drop';
}

const KEYS: Keys<CandidatePolicy> = { mdns: true, privateAddresses: true };

/** @throws RelayError `ERR_RELAY_CONFIG` */
export function resolveCandidatePolicy(policy: CandidatePolicy = {}): Required<CandidatePolicy> {
  checkOptions({ name: '"candidates"', example: 'candidates: { privateAddresses: "drop" }' }, policy, KEYS);
  return {
    mdns: oneOf('candidates.mdns', policy.mdns, ['pass', 'drop']),
    privateAddresses: oneOf('candidates.privateAddresses', policy.privateAddresses, ['pass', 'drop']),
  };
}

/** A predicate for checked candidates; undefined where all are forwarded. */
export function candidateFilter({
  mdns,
  privateAddresses,
}: CandidatePolicy): ((candidate: string) => boolean) | undefined {
  if (mdns !== 'drop' && privateAddresses !== 'drop') return undefined;
  return (candidate) => {
    const address = candidate.split(' ', 5)[4] ?? '';
    if (address.endsWith('.local')) return mdns !== 'drop';
    // An empty candidate signals the end of candidates.
    return privateAddresses !== 'drop' || address === '' || isPublicAddress(address);
  };
}
