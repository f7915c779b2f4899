import { afterEach } from 'vitest';
import type { Authenticate, SfuRelay } from '../../../src/index.js';
import { type FakeTrack, fakeOffer } from '../../../src/testing/index.js';
import { expectDescribedMessage } from '../../support/described.js';
import { until } from '../../support/poll.js';
import { ResumableClient } from '../../support/resumable-client.js';
import { unauthorized } from '../../support/unauthorized.js';
import { overMemory } from '../memory-server.js';

/** The token is the user. */
export const byToken: Authenticate = ({ token }) => {
  if (!token) throw unauthorized('no token');
  return { userId: token };
};

/** A client that reaches whichever relay its balancer sends it to. */
export class RoamingClient extends ResumableClient {
  /** The next connection reaches this one. */
  relay: SfuRelay;

  constructor(relay: SfuRelay, token?: string) {
    const protocols = ['sfu-relay.v1', ...(token === undefined ? [] : [`bearer.${token}`])];
    super(() => overMemory(this.relay, {})(protocols, {}, ''), { check: expectDescribedMessage });
    this.relay = relay;
  }

  async enter(uid: string, tracks: readonly FakeTrack[] = [], params: object = {}) {
    await this.connect();
    const offer = { type: 'offer', sdp: fakeOffer(tracks) };
    const capabilities = ['resume', 'rejoin'];
    const { result, error } = await this.join({ sid: 'lobby', uid, offer, capabilities, ...params });
    if (!result) throw new Error(error?.message);
    // The relay has read the acknowledgement before.
    await this.ping();
    const { elsewhere } = this.relay;
    await until('the others know of it', async () =>
      elsewhere ? elsewhere.directory.find(String(result.sessionId)) : true,
    );
    return result;
  }

  /** Who has come and gone, as the client was told. */
  get roster(): string[] {
    return this.heard('participants').flatMap(({ joined = [], left = [] }) => [
      ...(joined as { userId: string }[]).map(({ userId }) => `${userId} joined`),
      ...(left as string[]).map(() => 'left'),
    ]);
  }
}

/** Makes clients for the tests of a suite, each of which ends with its test. */
export function roamingClients(): (relay: SfuRelay, token?: string) => RoamingClient {
  const clients: RoamingClient[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.dispose();
  });
  return (relay, token) => {
    const client = new RoamingClient(relay, token);
    clients.push(client);
    return client;
  };
}
