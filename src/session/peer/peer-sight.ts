import type { RoomView } from '../../sfu/sfu.js';
import type { PeerSetup } from './peer-owner.js';
import type { SfuCall } from './sfu-call.js';
import type { Subscriber } from './subscriber.js';

/** The newest tracks are enough: every offer has all that there are. */
const MAX_OFFERED = 500;
const TRACK = /^a=msid:\S{1,256} (\S{1,256})/gm;

/** What a peer has seen of the others on the SFU: it shows whether they are in the same room there. */
export class PeerSight {
  /** Whether the SFU offers it all tracks of the room. */
  readonly receivesAll: boolean;
  readonly #call: SfuCall;
  readonly #subscriber: Subscriber;
  readonly #offered = new Set<string>();
  #offeredAt = 0;

  constructor(setup: PeerSetup, call: SfuCall, subscriber: Subscriber) {
    this.receivesAll = setup.autoSubscribe && setup.policy.canSubscribe;
    this.#call = call;
    this.#subscriber = subscriber;
  }

  /** The SFU has sent an offer. */
  note(sdp: string): void {
    this.#offeredAt = performance.now();
    for (const [, id = ''] of sdp.matchAll(TRACK)) {
      if (this.#offered.has(id)) continue;
      // A part of a string keeps all of it in memory.
      this.#offered.add(Buffer.from(id).toString());
      const [oldest = ''] = this.#offered;
      if (this.#offered.size > MAX_OFFERED) this.#offered.delete(oldest);
    }
  }

  /** What the SFU has told of the room. Undefined: nothing. */
  get view(): RoomView | undefined {
    return this.#call.stream?.view;
  }

  hasSeen(trackId: string): boolean {
    return this.#offered.has(trackId);
  }

  /** `performance.now()` of the newest offer; 0: there was none. */
  get offeredAt(): number {
    return this.#offeredAt;
  }

  /** Whether the client has not answered the newest offer: the SFU sends no other one until then. */
  get isBusy(): boolean {
    return this.#subscriber.hasPending;
  }

  /** Resolves when the SFU has carried out, and answered, what it was sent so far. @throws RelayError */
  settled(): Promise<void> {
    return this.#call.subscribe([]);
  }
}
