import { BlockList, isIP } from 'node:net';
import { RelayError } from './errors.js';
import { LIMITS } from './limits.js';
import type { IceCandidate, Target } from './model.js';

/** RFC 8839 § 5.1, as far as the SFU reads it. One that it can't read ends the session's stream. */
const CANDIDATE =
  /^(?:candidate:)?[A-Za-z0-9+/]{1,32} (\d{1,3}) (?:udp|tcp|UDP|TCP) (\d{1,10}) ([0-9A-Fa-f.:]{2,45}|[A-Za-z0-9-]{1,64}\.local) (\d{1,5}) typ (?:host|srflx|prflx|relay)((?: [!-~]+ [!-~]+)*)$/;
const RELATED = / raddr (\S+) rport (\d{1,5})(?: |$)/;

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
  const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate as Partial<IceCandidate>;
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
  return JSON.stringify({ candidate: line, sdpMid, sdpMLineIndex, usernameFragment });
}

export function checkTarget(target: unknown): asserts target is Target {
  if (target !== 0 && target !== 1)
    throw new RelayError('ERR_RELAY_INVALID_PARAMS', '"target" must be 0 (publisher) or 1 (subscriber).');
}

/** An SFU's candidate as it came over gRPC; undefined where it is not one. */
export function decodeCandidate(json: string): IceCandidate | undefined {
  if (json.length > 2 * LIMITS.maxCandidateLength) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' &&
      value !== null &&
      'candidate' in value &&
      typeof value.candidate === 'string'
      ? (value as IceCandidate)
      : undefined;
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
  /** Private, loopback and link-local addresses (RFC 1918, 4193, 6598). @default 'pass' */
  privateAddresses?: 'pass' | 'drop';
}

const PRIVATE = new BlockList();
for (const subnet of [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '0.0.0.0/8',
]) {
  const [network = '', bits] = subnet.split('/');
  PRIVATE.addSubnet(network, Number(bits), 'ipv4');
}
for (const subnet of ['fc00::/7', 'fe80::/10', '::/127']) {
  const [network = '', bits] = subnet.split('/');
  PRIVATE.addSubnet(network, Number(bits), 'ipv6');
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
    const family = isIP(address);
    if (family === 0) return true;
    return privateAddresses !== 'drop' || !PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}
