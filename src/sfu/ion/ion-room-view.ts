import type { RoomView, SendingPeer } from '../sfu.js';
import type { TrackEvent } from './gen/rtc.js';
import { TrackEvent_State } from './gen/rtc.js';
import type { SendingPeers } from './sending-peers.js';

/**
 * What Ion has told one stream of the peers that send media. Ion's `trackEvent` comes once for each peer, to every stream of the node,
 * 800 ms after its first packet; before that, behind the answer to a join, for each peer of the same room (its `Session` object) that
 * has sent something. The second is what shows a split room.
 */
export class IonRoomView implements RoomView {
  joinSentAt: number | undefined;
  joinedAt: number | undefined;
  /** Made for the first one. Weak: in the time of one stream, any number of peers may come and go. */
  #named: WeakMap<SendingPeer, number> | undefined;

  namedAt(sender: SendingPeer): number | undefined {
    return this.#named?.get(sender);
  }

  told({ uid, state, tracks }: TrackEvent, senders: SendingPeers, roomId: string | undefined): void {
    if (state === TrackEvent_State.REMOVE) senders.delete(uid);
    if (state !== TrackEvent_State.ADD) return;
    const sender = senders.add(uid, () => tracks.map(({ id }) => id));
    if (sender?.roomId !== roomId || !sender || this.#named?.has(sender)) return;
    this.#named ??= new WeakMap();
    this.#named.set(sender, performance.now());
  }
}
