import type { Session, SfuRelay } from '../../src/index.js';
import { IonPeer } from '../support/ion-peer.js';

/** What came of a candidate that a peer has sent. */
export interface Listener {
  onOffer(sdp: string): void;
  onCandidate(target: 0 | 1, candidate: string): void;
}

/** A peer's way to the SFU: without anything between, or through the relay. */
export interface Door {
  /** Resolves with the answer; rejects where the offer is refused. */
  join(room: string, user: string, sdp: string, listener: Listener): Promise<string>;
  answer(sdp: string): void;
  /** @throws where it is refused */
  candidate(target: 0 | 1, candidate: string): void;
  /** Why the session has ended, or what it has sent was refused. */
  readonly fault: string | undefined;
  leave(): Promise<void>;
}

/** A JSON of Ion's. */
interface Init {
  candidate: string;
}

export class BareDoor implements Door {
  fault: string | undefined;
  readonly #peer: IonPeer;
  #isLeaving = false;

  constructor(address: string) {
    this.#peer = new IonPeer(address);
    this.#peer.ended.then(({ code, details }) => {
      if (!this.#isLeaving) this.fault ??= `${code} ${details}`;
    });
  }

  async join(room: string, user: string, sdp: string, listener: Listener): Promise<string> {
    await this.#peer.probe();
    this.#peer.join(room, user, sdp);
    const { description } = await this.#peer.take('join');
    this.#listen(listener);
    return description?.sdp ?? '';
  }

  answer(sdp: string): void {
    this.#peer.send({ $case: 'description', value: { target: 1, type: 'answer', sdp, trackInfos: [] } });
  }

  candidate(target: 0 | 1, candidate: string): void {
    const init = JSON.stringify({ candidate, sdpMid: '0', sdpMLineIndex: 0 });
    this.#peer.send({ $case: 'trickle', value: { target, init } });
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#peer.leave();
    await Promise.race([this.#peer.ended, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    this.#peer.close();
  }

  #listen(listener: Listener): void {
    const ended = () => {};
    const offers = async (): Promise<void> => {
      for (;;) listener.onOffer((await this.#peer.take('description')).sdp);
    };
    const candidates = async (): Promise<void> => {
      for (;;) {
        const { target, init } = await this.#peer.take('trickle');
        const { candidate }: Init = JSON.parse(init);
        if (candidate !== '') listener.onCandidate(target as 0 | 1, candidate);
      }
    };
    offers().catch(ended);
    candidates().catch(ended);
  }
}

export class RelayDoor implements Door {
  fault: string | undefined;
  readonly #relay: SfuRelay;
  #session: Session | undefined;
  #isLeaving = false;

  constructor(relay: SfuRelay) {
    this.#relay = relay;
  }

  async join(roomId: string, userId: string, sdp: string, listener: Listener): Promise<string> {
    const session = await this.#relay.createSession({ roomId, userId, sdp });
    this.#session = session;
    session.on('close', ({ error }) => {
      if (!this.#isLeaving) this.fault ??= error?.message ?? 'closed';
    });
    session.on('offer', (offer) => listener.onOffer(offer.sdp));
    session.on('candidate', ({ target, candidate }) => {
      if (candidate.candidate !== '') listener.onCandidate(target, candidate.candidate);
    });
    return session.answer.sdp;
  }

  answer(sdp: string): void {
    this.#attempt(() => this.#session?.answerOffer({ type: 'answer', sdp }));
  }

  candidate(target: 0 | 1, candidate: string): void {
    this.#attempt(() =>
      this.#session?.addIceCandidate({ target, candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 } }),
    );
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    await this.#session?.close();
  }

  #attempt(send: () => void): void {
    try {
      send();
    } catch (error) {
      this.fault ??= (error as Error).message;
    }
  }
}
