import { expect } from 'vitest';
import { fakeAnswer, fakeOffer, type ScriptedSfu, type ScriptedStream } from '../../../src/testing/index.js';
import { WireClient } from '../wire-client.js';

export const joinParams = (uid: string, overrides: object = {}) => ({
  sid: 'lobby',
  uid,
  offer: { type: 'offer', sdp: fakeOffer() },
  ...overrides,
});

/** A client that does nothing wrong, and has to be served whatever the others do. */
export class Bystander {
  readonly client: WireClient;
  readonly stream: ScriptedStream;
  #rounds = 0;

  private constructor(client: WireClient, stream: ScriptedStream) {
    this.client = client;
    this.stream = stream;
  }

  static async join(sfu: ScriptedSfu, url: string, uid = 'bystander'): Promise<Bystander> {
    const client = await WireClient.dial(url);
    const { result, error } = await client.request('join', joinParams(uid));
    if (!result) throw new Error(error?.message);
    const stream = await sfu.waitFor(() => sfu.stream(`lobby/${uid}/${result.sessionId}`));
    const offer = await client.notified('offer');
    client.notify('answer', { desc: { type: 'answer', sdp: fakeAnswer(String(offer.sdp)) } });
    return new Bystander(client, stream);
  }

  /** Its requests are answered, its stream at the SFU is open, and what the SFU says comes through. */
  async expectServed(): Promise<void> {
    this.#rounds += 1;
    const candidate = { candidate: `candidate:${this.#rounds} 1 udp 1 127.0.0.1 9 typ host` };
    this.stream.send({ $case: 'trickle', value: { target: 0, init: JSON.stringify(candidate) } });
    const [pong] = await Promise.all([
      this.client.request('ping'),
      this.client.next(({ params }) => isCandidate(params?.candidate, candidate.candidate)),
    ]);
    expect(pong.result).toEqual({});
    expect(this.stream.isOpen).toBe(true);
  }
}

function isCandidate(value: unknown, line: string): boolean {
  return typeof value === 'object' && value !== null && 'candidate' in value && value.candidate === line;
}
