import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { acceptConnection, anonymous, type ConnectionHandle, SfuRelay } from '../../../../src/index.js';
import { fakeOffer } from '../../../../src/testing/index.js';
import { eventually } from '../../../support/eventually.js';

vi.mock('../../../../src/sfu/ion/ion-sfu.js', async () => ({
  IonSfu: (await import('../../../support/instant-sfu.js')).InstantSfu,
}));

/** A socket that keeps what it is sent, and seems to be as far behind as the test says. */
class Listener {
  readonly protocol = '';
  bufferedAmount = 0;
  readonly heard: { method?: string; params?: { kind?: string; data?: unknown } }[] = [];
  readonly connection: ConnectionHandle;

  constructor(relay: SfuRelay, maxBufferedBytes: number) {
    const request = { url: '/rtc', headers: {}, remoteAddress: '127.0.0.1' };
    this.connection = acceptConnection(relay, this, request, { maxBufferedBytes });
    const params = { sid: 'lobby', offer: { type: 'offer', sdp: fakeOffer() } };
    this.connection.receive(JSON.stringify({ id: 1, method: 'join', params }));
  }

  send(text: string): void {
    this.heard.push(JSON.parse(text));
  }
  ping(): void {}
  close(): void {}
  terminate(): void {}

  get kinds(): unknown[] {
    return this.heard.flatMap(({ method, params }) => (method === 'message' ? [params?.kind] : []));
  }
}

describe('a client that is behind with its reading', () => {
  let relay: SfuRelay;
  beforeEach(() => {
    relay = new SfuRelay({ sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous() });
  });
  afterEach(() => relay.close({ timeoutMs: 100 }));

  test('misses likes, whose next has the total, and no chat', async () => {
    const [slow, quick] = [new Listener(relay, 64 * 1024), new Listener(relay, 64 * 1024)];
    await eventually(() => expect(relay.rooms.get('lobby')?.size).toBe(2));
    const room = relay.rooms.get('lobby');
    const like = async (count: number) => {
      const before = quick.kinds.length;
      await room?.send({ kind: 'like', data: { count } });
      await eventually(() => expect(quick.kinds.length).toBe(before + 1));
    };
    slow.bufferedAmount = 17 * 1024;
    await room?.send({ kind: 'chat', data: { text: 'hello' } });
    await eventually(() => expect(quick.kinds).toEqual(['chat']));
    await like(3);
    slow.bufferedAmount = 0;
    await like(4);
    expect(quick.kinds).toEqual(['chat', 'like', 'like']);
    expect(slow.kinds).toEqual(['chat', 'like']);
    expect(slow.heard.at(-1)?.params?.data).toEqual({ count: 4, total: 7 });
    for (const { connection } of [slow, quick]) connection.closed();
  });
});
