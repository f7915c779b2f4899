import { isIP } from 'node:net';

/** Where the SFU says that it receives media. */
export interface Candidate {
  readonly address: string;
  readonly port: number;
}

/** The ICE credentials of a description. */
export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** Of the first section that has them: sections of a bundle have the same. */
export function readCredentials(sdp: string): IceCredentials | undefined {
  const [, ufrag] = /^a=ice-ufrag:(\S+)/m.exec(sdp) ?? [];
  const [, pwd] = /^a=ice-pwd:(\S+)/m.exec(sdp) ?? [];
  return ufrag === undefined || pwd === undefined ? undefined : { ufrag, pwd };
}

const CANDIDATE = /^(?:a=)?candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) typ /i;

/** The UDP candidates of a description, and of those that came by themselves, without repetitions. */
export function readCandidates(sdp: string, trickled: readonly string[]): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const line of [...sdp.split(/\r?\n/).filter((each) => each.startsWith('a=candidate:')), ...trickled]) {
    const [, protocol = '', address = '', port = ''] = CANDIDATE.exec(line) ?? [];
    if (protocol.toLowerCase() === 'udp' && isIP(address) !== 0 && Number(port) > 0)
      found.set(`${address} ${port}`, { address, port: Number(port) });
  }
  return [...found.values()];
}

export function describeCandidate({ address, port }: Candidate): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Whether other networks can't send to it (RFC 1918, RFC 6598, RFC 4193, loopback, link-local). */
export function isPrivate({ address }: Pick<Candidate, 'address'>): boolean {
  return /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd]|fe[89ab])/i.test(
    address,
  );
}
