import type { Principal } from '../../access/authentication.js';
import type { Room } from '../../room/room.js';
import type { SfuPool } from '../../sfu/pool/sfu-pool.js';
import type { SendingPeer } from '../../sfu/sfu.js';
import type { SessionRegistry } from '../session-registry.js';
import { hasPeer } from '../shared/session-answers.js';

/** What the processes of a room know of its peers on the SFU. */
export class KnownPeers<P extends Principal> {
  readonly #registry: SessionRegistry<P>;
  readonly #sfu: SfuPool;
  /** Rooms whose other processes have been asked: from then on this one has streams that are told. */
  readonly #asked = new WeakSet<Room>();

  constructor(registry: SessionRegistry<P>, sfu: SfuPool) {
    this.#registry = registry;
    this.#sfu = sfu;
  }

  /** Whether the session, in whichever process it is, has this peer in this generation. @throws RelayError */
  async has({ sessionId, peer = 1 }: SendingPeer, generation: number): Promise<boolean> {
    const { sessions, others } = this.#registry;
    const session = sessions.get(sessionId);
    if (session) return hasPeer(session, peer, generation);
    return (await others?.anywhere('hasPeer', { sessionId, peer, generation })) ?? false;
  }

  /** Learns of the peers that began to send before this process had the room. Never rejects. */
  async learn(room: Room): Promise<void> {
    const { sessions, others } = this.#registry;
    if (!others || this.#asked.has(room)) return;
    this.#asked.add(room);
    // Who sends has a seat. Where nobody else has one, as in most rooms when they begin, nobody is asked.
    const seats = [...(room.log.state.seats ?? [])].filter(([sessionId]) => !sessions.has(sessionId));
    const processes = new Set(seats.flatMap(([, { processId }]) => processId ?? []));
    const asked = [...processes].map((processId) => others.ask(processId, 'senders', { roomId: room.id }));
    const answers = await Promise.allSettled(asked);
    const now = performance.now();
    const server = this.#sfu.placementOf(room)?.node.server;
    for (const each of answers) {
      const senders = each.status === 'fulfilled' && Array.isArray(each.value) ? each.value : [];
      for (const { ageMs, ...sender } of senders) server?.learnSender?.({ ...sender, since: now - ageMs });
    }
  }
}
