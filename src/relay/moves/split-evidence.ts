import type { Principal } from '../../access/authentication.js';
import type { SfuPeer } from '../../session/peer/sfu-peer.js';
import type { Session } from '../../session/session.js';
import type { SendingPeer } from '../../sfu/sfu.js';

/** ms in which what belongs to a join, or to the first media of a peer, has come. */
const SETTLE_MS = 3_000;
/**
 * ms within which the SFU names, behind the answer to a join, the peers that have sent media before. Less than the 800 ms after which Ion
 * tells all others of a peer's first packet: two that join at the same moment are told apart.
 */
const LIST_MS = 500;
/** An SFU's ICE agents have not failed yet this long after a sign of life: a connection that has failed gets no offers, and says nothing. */
const FRESH_MS = 20_000;

/** Two peers of one room that the SFU has in different ones. */
export interface SplitEvidence<P extends Principal> {
  readonly session: Session<P>;
  readonly peer: SfuPeer;
  readonly sender: SendingPeer;
}

/** A session that has joined, and its peer. */
interface Candidate<P extends Principal> {
  readonly session: Session<P>;
  readonly peer: SfuPeer;
  readonly joinedAt: number;
}

/**
 * Looks for a session whose peer the SFU keeps apart from one that sends. Either of two signs is enough:
 * - the peer has joined after the other one was known to send, and the SFU has not named that one behind the answer to the join;
 * - the peer was there when the other one began to send, and the SFU has offered it none of those tracks.
 *
 * Only sessions that have joined lately, and senders that have begun lately, are looked at.
 */
export function findEvidence<P extends Principal>(
  sessions: Iterable<Session<P>>,
  senders: readonly SendingPeer[],
  generation: number,
): SplitEvidence<P> | undefined {
  const now = performance.now();
  const known = senders.filter(({ since }) => now - since > SETTLE_MS);
  const recent = known.filter(({ since }) => now - since < FRESH_MS);
  for (const { session, peer, joinedAt } of candidates(sessions, generation, now)) {
    for (const sender of now - joinedAt < FRESH_MS ? known : recent)
      if (isApart(session, peer, sender, now)) return { session, peer, sender };
  }
  return undefined;
}

/** All peers that have not seen the sender so far: if one of them does after all, the SFU was only slow. */
export function peersApart<P extends Principal>(
  sessions: Iterable<Session<P>>,
  sender: SendingPeer,
  generation: number,
): SfuPeer[] {
  const now = performance.now();
  const apart: SfuPeer[] = [];
  for (const { session, peer } of candidates(sessions, generation, now))
    if (isApart(session, peer, sender, now)) apart.push(peer);
  return apart;
}

export function hasSeen({ sight }: SfuPeer, { trackIds }: SendingPeer): boolean {
  return trackIds.some((trackId) => sight.hasSeen(trackId));
}

function* candidates<P extends Principal>(
  sessions: Iterable<Session<P>>,
  generation: number,
  now: number,
): Generator<Candidate<P>> {
  for (const session of sessions) {
    const { current: peer, isInterrupted } = session.peers;
    const joinedAt = peer.sight.view?.joinedAt;
    if (session.state !== 'joined' || isInterrupted || peer.generation !== generation) continue;
    if (joinedAt !== undefined && now - joinedAt >= SETTLE_MS) yield { session, peer, joinedAt };
  }
}

/** Whether the evidence still holds. */
export function isStill<P extends Principal>({ session, peer, sender }: SplitEvidence<P>): boolean {
  const { state, peers } = session;
  if (state !== 'joined' || peers.isInterrupted || peers.current !== peer) return false;
  return isApart(session, peer, sender, performance.now());
}

function isApart<P extends Principal>(
  { id, room }: Session<P>,
  peer: SfuPeer,
  sender: SendingPeer,
  now: number,
): boolean {
  const { sight } = peer;
  const { joinSentAt, joinedAt } = sight.view ?? {};
  if (joinSentAt === undefined || joinedAt === undefined || sender.sessionId === id) return false;
  if (!room.members.member(sender.sessionId) || hasSeen(peer, sender)) return false;
  const namedAt = sight.view?.namedAt(sender);
  if (sender.since < joinSentAt) return namedAt === undefined;
  if (namedAt === undefined || namedAt < joinedAt + LIST_MS || now - namedAt > FRESH_MS) return false;
  const isLive = now - Math.max(joinedAt, sight.offeredAt) < FRESH_MS;
  if (!isLive || !sight.receivesAll || sight.isBusy) return false;
  const tracks = room.tracksOf(sender.sessionId);
  return tracks.some(({ trackId, muted }) => !muted && sender.trackIds.includes(trackId));
}
