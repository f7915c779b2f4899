import { setTimeout as sleep } from 'node:timers/promises';
import { type FakeTrack, fakeOffer } from '../../src/testing/index.js';
import type { Member } from './cluster-stage.js';

/** Replaces the peer of a member as often as it is told to. */
export class Follower {
  /** The number of its peer. */
  peer = 1;
  /** How often its peer was lost. */
  interruptions = 0;
  readonly member: Member;
  #lastPeer = 1;

  constructor(
    member: Member,
    private readonly tracks: readonly FakeTrack[],
  ) {
    this.member = member;
    member.client.socket.onText((text) => {
      const { method, params } = JSON.parse(text);
      if (params?.peer !== this.peer) return;
      if (method === 'interrupted') this.interruptions += 1;
      if (method === 'rejoin') void this.#rejoin(params.afterMs).catch(() => {});
    });
  }

  /** The relay asks again where it fails. */
  async #rejoin(afterMs: number): Promise<void> {
    await sleep(afterMs);
    this.#lastPeer += 1;
    const peer = this.#lastPeer;
    const offer = { type: 'offer', sdp: fakeOffer(this.tracks) };
    if ((await this.member.client.request('rejoin', { peer, offer })).result) this.peer = peer;
  }
}
