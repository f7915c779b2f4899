import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Candidate,
  describeCandidate,
  type IceCredentials,
  isPrivate,
  readCandidates,
  readCredentials,
} from './candidates.js';
import { Fault } from './fault.js';
import type { CheckOptions } from './options.js';
import { openStun, type Werift } from './stun.js';

/** The SFU's answer, and the candidates that arrive after it. */
export interface Negotiation {
  readonly offer: string;
  readonly answer: string;
  readonly trickled: readonly string[];
}

/** ms for further candidates after the first one: an SFU sends those of its own addresses at once. */
const GATHERING_MS = 500;

/** Whether media would arrive: sends a connectivity check to each candidate of the SFU, as browsers do. @throws Fault */
export async function checkIce(
  werift: Werift,
  negotiation: Negotiation,
  { target, timeoutMs }: Pick<CheckOptions, 'target' | 'timeoutMs'>,
): Promise<string> {
  const [local, remote] = [readCredentials(negotiation.offer), readCredentials(negotiation.answer)];
  if (!local || !remote)
    throw new Fault(
      'sfu-failed',
      "The SFU's answer has no ICE credentials.",
      'Is it an Ion SFU of version 1.10?',
    );
  const candidates = await gather(negotiation, timeoutMs);
  if (candidates.length === 0)
    throw new Fault(
      'no-candidates',
      'The SFU names no UDP address for media.',
      'Configure its addresses. Ion: [webrtc.candidates] nat1to1 = ["<public address>"], and a UDP port (singleport, or portrange).',
    );
  const outcomes = await Promise.all(
    candidates.map(async (candidate) => ({
      candidate,
      isReached: await answers(werift, candidate, { local, remote }, timeoutMs),
    })),
  );
  const reached = outcomes.filter(({ isReached }) => isReached).map(({ candidate }) => candidate);
  const missed = outcomes.filter(({ isReached }) => !isReached).map(({ candidate }) => candidate);
  if (reached.length === 0) throw blocked(missed, target.host);
  const also = missed.length === 0 ? '' : `; not reached, and not needed: ${listOf(missed)}`;
  return `the SFU answers at UDP ${listOf(reached)}${also}`;
}

function listOf(candidates: readonly Candidate[]): string {
  return candidates.map(describeCandidate).join(', ');
}

async function gather({ answer, trickled }: Negotiation, timeoutMs: number): Promise<Candidate[]> {
  const end = performance.now() + timeoutMs;
  while (readCandidates(answer, trickled).length === 0 && performance.now() < end) await sleep(20);
  await sleep(Math.min(GATHERING_MS, timeoutMs));
  return readCandidates(answer, trickled);
}

/** Sends a Binding request with the credentials of both descriptions (RFC 8445 § 7.2.2). Any answer shows that UDP passes. */
async function answers(
  werift: Werift,
  { address, port }: Candidate,
  { local, remote }: { local: IceCredentials; remote: IceCredentials },
  timeoutMs: number,
): Promise<boolean> {
  const { Message, methods, classes } = werift;
  const socket = await openStun(werift, { host: address, port, transport: 'udp' }, timeoutMs);
  try {
    const request = new Message(methods.BINDING, classes.REQUEST)
      .setAttribute('USERNAME', `${remote.ufrag}:${local.ufrag}`)
      .setAttribute('PRIORITY', 1)
      .setAttribute('ICE-CONTROLLING', randomBytes(8).readBigUInt64BE())
      .addMessageIntegrity(Buffer.from(remote.pwd))
      .addFingerprint();
    await socket.request(request);
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

function blocked(candidates: readonly Candidate[], host: string): Fault {
  const ports = [...new Set(candidates.map(({ port }) => port))].join(', ');
  const advice =
    candidates.every(isPrivate) &&
    !(host === 'localhost' || (isIP(host) !== 0 && isPrivate({ address: host })))
      ? 'These addresses are private. Ion behind NAT, or in a container: [webrtc.candidates] nat1to1 = ["<public address>"].'
      : `Open UDP port ${ports} to the SFU: in its firewall, in the rules of the cloud, in the ports of the container ("${ports}:${ports}/udp").`;
  return new Fault(
    'udp-blocked',
    `The SFU does not answer at UDP ${listOf(candidates)}: signalling works, media will not.`,
    advice,
    'If it is this network that blocks UDP, clients in such networks need a TURN server: the option iceServers.',
  );
}
