import { isIP } from 'node:net';
import { checkOptions, type Keys, oneOf } from './check-options.js';
import { RelayError } from './errors.js';
import { LIMITS } from './limits.js';
import type { IceCandidate, Target } from './model.js';
import { isPublicAddress } from './public-address.js';

/** RFC 8839 § 5.1, as far as the SFU reads it. One that it can't read ends the session's stream. */
const CANDIDATE =
  /^(?:candidate:)?[A-Za-z0-9+/]{1,32} (\d{1,3}) (?:udp|tcp|UDP|TCP) (\d{1,10}) ([0-9A-Fa-f.:]{2,45}|[A-Za-z0-9-]{1,64}\.local) (\d{1,5}) typ (?:host|srflx|prflx|relay)((?: [!-~]+ [!-~]+)*)$/;
const RELATED = / raddr (\S+) rport (\d{1,5})(?: |$)/;

/** Characters that JSON takes as they are. */
const PLAIN = /^[ !#-[\]-~]*$/;

const isPort = (text: string | undefined) => Number(text) <= 65535;

function isAddress(text: string | undefined): boolean {
  if (text === undefined) return false;
  return text.endsWith('.local') || isIP(text) !== 0;
}

function invalid(what: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_SDP', `The ICE candidate can't be used: ${what}.`);
}

/** The candidate attribute itself; an empty one says that there are no more. */
export function checkCandidate(candidate: string): void {
  if (candidate === '') return;
  if (candidate.length > LIMITS.maxCandidateLength) throw invalid('it is too long');
  const match = CANDIDATE.exec(candidate);
  if (!match) throw invalid('it does not follow RFC 8839');
  const [, component, priority, address, port, extensions = ''] = match;
  if (Number(component) > 256 || Number(component) < 1) throw invalid('its component is out of range');
  if (Number(priority) > 0xffffffff) throw invalid('its priority is out of range');
  if (!isPort(port)) throw invalid('its port is out of range');
  if (!isAddress(address)) throw invalid('its address is neither IPv4, IPv6 nor a .local name');
  const related = RELATED.exec(extensions);
  if (extensions.includes(' raddr ') || extensions.includes(' rport ')) {
    if (!related || !isAddress(related[1]) || !isPort(related[2]))
      throw invalid('its related address is malformed');
  }
}

const isTextOrNull = (value: unknown): value is string | null | undefined =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' && value.length <= LIMITS.maxIdLength * 2);

/**
 * A client's candidate, checked, as the JSON that the SFU reads (Ion: `Trickle.init`).
 * @throws RelayError `ERR_RELAY_INVALID_PARAMS` or `ERR_RELAY_INVALID_SDP`.
 */
export function encodeCandidate(candidate: unknown): string {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate))
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"candidate" must be an RTCIceCandidateInit.');
  const init = candidate as Partial<IceCandidate>;
  const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = init;
  if (typeof line !== 'string')
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"candidate.candidate" must be a string.');
  if (!isTextOrNull(sdpMid) || !isTextOrNull(usernameFragment))
    throw new RelayError(
      'ERR_RELAY_INVALID_PARAMS',
      '"sdpMid" and "usernameFragment" must be strings or null.',
    );
  if (
    sdpMLineIndex != null &&
    !(Number.isInteger(sdpMLineIndex) && sdpMLineIndex >= 0 && sdpMLineIndex < 65536)
  )
    throw new RelayError(
      'ERR_RELAY_INVALID_PARAMS',
      '"sdpMLineIndex" must be a number from 0 to 65535, or null.',
    );
  checkCandidate(line);
  return toJson(line, init);
}

/** As `JSON.stringify` writes it, which takes twice as long where nothing has to be escaped. */
function toJson(line: string, rest: Omit<Partial<IceCandidate>, 'candidate'>): string {
  const { sdpMid, sdpMLineIndex, usernameFragment } = rest;
  if (!isPlain(line) || !isPlain(sdpMid) || !isPlain(usernameFragment))
    return JSON.stringify({ candidate: line, sdpMid, sdpMLineIndex, usernameFragment });
  const index = sdpMLineIndex === undefined ? '' : `,"sdpMLineIndex":${sdpMLineIndex}`;
  return `{"candidate":"${line}"${field('sdpMid', sdpMid)}${index}${field('usernameFragment', usernameFragment)}}`;
}

function isPlain(text: string | null | undefined): boolean {
  return text === null || text === undefined || PLAIN.test(text);
}

function field(name: string, value: string | null | undefined): string {
  if (value === undefined) return '';
  return value === null ? `,"${name}":null` : `,"${name}":"${value}"`;
}

export function checkTarget(target: unknown): asserts target is Target {
  if (target !== 0 && target !== 1)
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"target" must be 0 (publisher) or 1 (subscriber).');
}

/** What Go writes, where nothing had to be escaped: it is sound JSON, and need not be read to be known as that. */
const PLAIN_INIT =
  /^\{"candidate":"[ !#-[\]-~]*"(?:,"(?:sdpMid|usernameFragment)":(?:null|"[ !#-[\]-~]*")|,"sdpMLineIndex":(?:null|0|[1-9]\d{0,4}))*\}$/;

/** The JSON of an SFU's candidate, as it may be passed on; undefined where it is none. */
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
 * Which of the clients' candidates the SFU gets to see. It sends a STUN request to each address that it is given:
 * where clients can't be on the SFU's private network, they need not point it there.
 * @category Configuration
 */
export interface CandidatePolicy {
  /** `.local` names (mDNS), which browsers put in the place of their private addresses. @default 'pass' */
  mdns?: 'pass' | 'drop';
  /**
   * All addresses that are not public unicast ones: private, loopback, link-local, multicast, documentation, … An IPv6
   * address that leads to an IPv4 address (mapped, NAT64, 6to4, Teredo, ISATAP) is judged by that one. @default 'pass'
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

/** Whether a checked candidate may go to the SFU; undefined where all may. */
export function candidateFilter({
  mdns,
  privateAddresses,
}: CandidatePolicy): ((candidate: string) => boolean) | undefined {
  if (mdns !== 'drop' && privateAddresses !== 'drop') return undefined;
  return (candidate) => {
    const address = candidate.split(' ', 5)[4] ?? '';
    if (address.endsWith('.local')) return mdns !== 'drop';
    // An empty candidate says that there are no more.
    return privateAddresses !== 'drop' || address === '' || isPublicAddress(address);
  };
}
