import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { chat, gift, like, type Principal, SfuRelay } from '../../src/index.js';
import { fakeOffer } from '../../src/testing/index.js';
import type { ContractServer, Serve } from '../contract/contract-stage.js';
import { WireClient } from '../contract/wire-client.js';
import { Child } from '../support/child.js';

const script = fileURLToPath(new URL('../support/listening-crowd.js', import.meta.url));

interface Crowd {
  size: number;
  likesPerSecond: number;
  seconds: number;
}

/**
 * A room full of viewers, who are hidden, so that nobody is told of their coming, and one who speaks. Its file puts
 * InstantSfu in IonSfu's place.
 */
export function listeningCrowd(
  transport: string,
  serve: (...args: Parameters<Serve>) => Promise<ContractServer & { port: number }>,
  { size, likesPerSecond, seconds }: Crowd,
): void {
  describe(`a room of ${size} over ${transport}`, () => {
    test(`hears each message once and in order, gifts once, and ${likesPerSecond} likes a second for ${seconds} s to the last`, async () => {
      const relay = new SfuRelay({
        sfu: { serverUrl: 'localhost:5551' },
        authenticate: ({ token }): Principal => ({ grants: { hidden: token !== 'speaker' } }),
        messages: { chat: chat(), gift: gift(), like: like() },
      });
      const server = await serve(relay, { slowConsumerTimeoutMs: 60_000, heartbeatIntervalMs: 60_000 });
      const join = { sid: 'lobby', offer: { type: 'offer', sdp: fakeOffer() } };
      const crowd = new Child(
        process.execPath,
        [script, String(server.port), String(size), String(likesPerSecond), String(seconds)],
        { env: { ...process.env, JOIN: JSON.stringify(join) } },
      );
      try {
        const speaker = await WireClient.open(server.connect(['sfu-relay.v1', 'bearer.speaker'], {}, ''));
        expect((await speaker.request('join', join)).error).toBeUndefined();
        const say = async (kind: string, data: object, id?: string) =>
          expect((await speaker.request('message', { kind, data, id })).error).toBeUndefined();
        await crowd.output(/^joined \d+$/m);
        expect(relay.rooms.get('lobby')?.size).toBe(size + 1);

        for (let n = 0; n < 20; n += 1) await say('chat', { text: String(n) });
        for (let n = 0; n < 3; n += 1) await say('gift', { gift: 'rose' }, 'g1');
        await say('chat', { text: 'like' });
        const likes = likesPerSecond * seconds;
        await crowd.output(/^liked \d+ in \d+ ms$/m);
        await speaker.next(({ params }) => (params?.data as { total?: number } | undefined)?.total === likes);
        await say('chat', { text: 'report' });
        const [, report = ''] = await crowd.output(/^report (.*)$/m);
        expect(JSON.parse(report)).toEqual({
          [`20 chats in order, 1 gifts, ${likes} of ${likes} likes`]: size,
        });
      } finally {
        await crowd.stop();
        await relay.close({ timeoutMs: 5_000 });
        await server.stop();
      }
    }, 240_000);
  });
}
