import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type CloseInfo, connect, type RelayClient } from '../../src/client/index.js';
import { type Authenticate, RelayError, type SfuRelay } from '../../src/index.js';
import { fakeOffer } from '../../src/testing/index.js';
import { FakePeer, installFakeBrowser } from '../unit/client/fake-browser.js';
import { ContractStage } from './contract-stage.js';
import { wsBeside } from './http-transport.js';

/** What it offers is taken by a relay. */
class Peer extends FakePeer {
  override async createOffer() {
    return { type: 'offer' as const, sdp: fakeOffer() };
  }
}

const SOON_MS = 1_500;

const authenticate: Authenticate = ({ token }) => {
  switch (token) {
    case 'good':
      return { userId: 'ada' };
    case 'short':
      return { userId: 'ada', expiresAt: Date.now() + SOON_MS };
    case 'expired':
      throw new RelayError('ERR_RELAY_EXPIRED', 'The token has expired.');
    case 'unpaid':
      throw new RelayError('ERR_RELAY_FORBIDDEN', 'Your subscription ended yesterday.');
    default:
      throw new RelayError('ERR_RELAY_UNAUTHENTICATED', 'Sign in first.');
  }
};

const REFUSALS = [
  ['bad', 4401, 'ERR_RELAY_UNAUTHENTICATED', 'Sign in first.'],
  ['expired', 4401, 'ERR_RELAY_EXPIRED', 'The token has expired.'],
  ['unpaid', 4403, 'ERR_RELAY_FORBIDDEN', 'Your subscription ended yesterday.'],
] as const;

describe('the browser client, whose connection the relay closes', () => {
  let url: string;
  const stage = new ContractStage(async (relay, options) => {
    const server = await wsBeside(() => (_request, response) => void response.writeHead(404).end())(
      relay,
      options,
    );
    url = `ws://127.0.0.1:${server.port}/rtc`;
    return server;
  });

  beforeEach(installFakeBrowser);
  beforeEach(async () => {
    vi.stubGlobal('WebSocket', WebSocket);
    vi.stubGlobal('RTCPeerConnection', Peer);
    await stage.setUp();
    await stage.start({ authenticate });
  });
  afterEach(() => stage.tearDown());

  const end = (client: RelayClient) => new Promise<CloseInfo>((resolve) => client.on('close', resolve));

  test.each(REFUSALS)('at once, as the token is %s: %i, %s', async (token, closeCode, code, message) => {
    const client = await connect(url, { token });
    const ended = end(client);
    await expect(client.join({ roomId: 'lobby' })).rejects.toMatchObject({ code, message });
    expect(await ended).toMatchObject({
      code: closeCode,
      reason: message,
      retryable: false,
      error: { code, message },
    });
    await expect(client.join({ roomId: 'lobby' })).rejects.toMatchObject({ code, message });
  });

  test.each(REFUSALS)('at the first request, as the token is %s: %i, %s', async (token, _, code, message) => {
    const client = await connect(url, {});
    await expect(client.authenticate(token)).rejects.toMatchObject({ code, message });
  });

  test.each(REFUSALS)('on a reconnect, as the next token is %s: %i, %s', async (token, _, code, message) => {
    const tokens = ['good', token];
    const client = await connect(url, {
      getToken: () => String(tokens.shift() ?? token),
      statsIntervalMs: 0,
    });
    await client.join({ roomId: 'lobby' });
    const ended = end(client);
    const [session] = stage.relay.sessions.values();
    await session?.close({ by: 'relay', error: new RelayError('ERR_RELAY_SFU_UNAVAILABLE', 'Gone.') });
    expect(await ended).toMatchObject({ error: { code, message }, retryable: false });
    await expect(client.chat('hello')).rejects.toMatchObject({ code, message });
  });

  test('in a session, as the token expires', async () => {
    const client = await connect(url, { token: 'short', statsIntervalMs: 0 });
    await client.join({ roomId: 'lobby' });
    const refusal = { code: 'ERR_RELAY_EXPIRED', message: 'The token has expired.' };
    expect(await end(client)).toMatchObject({ code: 4401, error: refusal });
    await expect(client.chat('hello')).rejects.toMatchObject(refusal);
  });

  test.each<[string, string, (relay: SfuRelay) => Promise<unknown> | undefined]>([
    ['removed', 'ERR_RELAY_REMOVED', (relay) => relay.rooms.get('lobby')?.kick('ada')],
    ['put out as the room ends', 'ERR_RELAY_ROOM_ENDED', (relay) => relay.rooms.get('lobby')?.end()],
    ['there as the relay closes', 'ERR_RELAY_CLOSED', (relay) => relay.close()],
  ])('in a session, as the user is %s', async (_, code, act) => {
    const client = await connect(url, { token: 'good', statsIntervalMs: 0, reconnect: false });
    await client.join({ roomId: 'lobby' });
    const ended = end(client);
    await act(stage.relay);
    expect((await ended).error).toMatchObject({ code });
    await expect(client.chat('hello')).rejects.toMatchObject({ code });
  });
});
