import { invalidParams, invalidState } from '../protocol/errors.js';
import type { IceCandidate, SessionDescription, Subscription, Target } from '../protocol/types.js';
import { isPromise } from '../util/is-promise.js';
import type { SessionEmitter } from './events/session-emitter.js';
import type { SignalMessageFilter } from './peer/message-filters.js';
import type { SessionPeers } from './peer/session-peers.js';
import type { SfuPeer } from './peer/sfu-peer.js';
import type { SessionLifecycle } from './session-lifecycle.js';

interface ClientNegotiationSetup {
  peers: SessionPeers;
  lifecycle: SessionLifecycle;
  emitter: SessionEmitter;
  /** Undefined where the application has no filter for messages to the SFU. */
  filter: SignalMessageFilter | undefined;
}

/**
 * A client's messages to its peers on the SFU. They pass the application's filter first. `number` names the peer; the
 * default is the current one.
 */
export class ClientNegotiation {
  readonly #setup: ClientNegotiationSetup;

  constructor(setup: ClientNegotiationSetup) {
    this.#setup = setup;
  }

  async offer(description: SessionDescription, number: number | undefined): Promise<SessionDescription> {
    const peer = this.peer(number);
    const { filter, emitter } = this.#setup;
    const negotiate = (offer: SessionDescription) =>
      peer.offer(offer, (answer) => emitter.emit('answer', answer));
    if (!filter) return negotiate(description);
    return filter.signal({ method: 'offer', params: description }, negotiate);
  }

  answer(description: SessionDescription, number: number | undefined): void | Promise<void> {
    const { filter } = this.#setup;
    if (!filter) return this.#sendAnswer(description, number);
    if (this.#setup.peers.isInterrupted) return;
    this.peer();
    const message = { method: 'answer', params: description } as const;
    return handled(filter.signal(message, (params) => this.#sendAnswer(params, number)));
  }

  candidate(
    trickle: { target: Target; candidate: IceCandidate },
    number: number | undefined,
  ): void | Promise<void> {
    if (typeof trickle !== 'object' || trickle === null)
      throw invalidParams(
        'addIceCandidate() needs an object: write session.addIceCandidate({ target: 0, candidate }).',
      );
    const { filter } = this.#setup;
    if (!filter) return this.#sendCandidate(trickle, number);
    if (this.#setup.peers.isInterrupted) return;
    this.peer();
    const message = { method: 'trickle', params: trickle } as const;
    return handled(filter.signal(message, (params) => this.#sendCandidate(params, number)));
  }

  async subscribe(subscriptions: readonly Subscription[], number: number | undefined): Promise<void> {
    const { filter } = this.#setup;
    if (!filter) return this.#sendSubscriptions(subscriptions, number);
    this.peer();
    const message = { method: 'subscribe', params: { subscriptions } } as const;
    return filter.signal(message, (params) => this.#sendSubscriptions(params.subscriptions, number));
  }

  /**
   * A peer that takes messages.
   * @throws RelayError `ERR_RELAY_INVALID_STATE`, `ERR_RELAY_TOO_MANY`
   */
  peer(number = this.#setup.peers.current.number): SfuPeer {
    const peer = this.#setup.peers.find(number);
    if (!peer) throw invalidState('The session has no such peer any more.');
    this.#setup.lifecycle.requireJoined();
    peer.requireOpen();
    return peer;
  }

  #sendAnswer(description: SessionDescription, number: number | undefined): void {
    this.#replaceable(number)?.answerOffer(description);
  }

  #sendCandidate(
    { target, candidate }: { target: Target; candidate: IceCandidate },
    number: number | undefined,
  ): void {
    this.#replaceable(number)?.addIceCandidate(target, candidate);
  }

  async #sendSubscriptions(
    subscriptions: readonly Subscription[],
    number: number | undefined,
  ): Promise<void> {
    return this.peer(number).subscribe(subscriptions);
  }

  /** As `peer`; undefined for a replaced peer that has ended, and for a lost one: what its client still sends to it has no effect. */
  #replaceable(number: number | undefined): SfuPeer | undefined {
    const { peers } = this.#setup;
    const isCurrent = number === undefined || number === peers.current.number;
    if (!isCurrent) return peers.find(number);
    return peers.isInterrupted ? undefined : this.peer();
  }
}

/** A caller may ignore the promise, as there is none without a hook: its rejection is then not an unhandled one. */
function handled<Value>(result: Value | Promise<Value>): Value | Promise<Value> {
  if (isPromise(result)) result.then(undefined, () => {});
  return result;
}
