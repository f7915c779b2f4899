import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { useTabs } from '../support/live-room.js';
import { until } from '../support/poll.js';
import { ProductionIon } from '../support/production-ion.js';
import { describeReal } from '../support/real.js';
import { RedisServer } from '../support/redis.js';
import { Application, connectionsOf, type RelayProcess, terminate } from './application.js';
import { makeCertificate } from './certificate.js';
import { type RunningProxy, startProxy } from './proxies.js';
import { startTurn, TURN_SECRET, type TurnServer } from './turn.js';

describeReal(
  ['ion', 'chromium', 'redis', 'nginx', 'coturn', 'openssl'],
  'two relays and two SFU nodes behind nginx, with a TURN server',
  () => {
    const tabs = useTabs();
    let folder: string;
    let application: Application;
    let redis: RedisServer;
    let ions: ProductionIon[];
    let turn: TurnServer;
    let env: Record<string, string>;
    let relays: RelayProcess[];
    let nginx: RunningProxy;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sfu-relay-ops-'));
      const certificate = await makeCertificate(folder);
      application = await Application.install();
      redis = await RedisServer.start();
      ions = [await ProductionIon.start(), await ProductionIon.start()];
      turn = await startTurn(folder, certificate);
      env = {
        SFU_NODES: ions.map(({ address }) => address).join(),
        REDIS_URL: redis.url,
        TURN_SECRET,
        TURN_URIS: `turn:127.0.0.1:${turn.port}`,
        READINESS_DELAY_SECONDS: '1',
        DRAIN_SECONDS: '1',
      };
      relays = [await application.start(env), await application.start(env)];
      const [one, other] = relays.map(({ port }) => `127.0.0.1:${port}`);
      nginx = await startProxy('nginx', { folder, certificate, relays: [String(one), String(other)] });
    });
    afterAll(async () => {
      await nginx?.child.stop();
      for (const { child } of relays ?? []) await child.stop('SIGKILL');
      await turn?.child.stop();
      for (const ion of ions ?? []) await ion.stop();
      await redis?.stop();
      await application?.remove();
      await rm(folder, { recursive: true, force: true });
    });

    const stateOf = (page: Page) => page.locator('#state').textContent();

    async function enter(user: string, query: string, url = nginx.url): Promise<Page> {
      const room = `room-${query.replace('&', '-')}`;
      const token = await application.token(user, room);
      const page = await tabs.open(`${url}/?room=${room}&${query}#token=${token}`);
      await until(`${user} is in the room`, async () => {
        const state = (await stateOf(page)) ?? '';
        if (/closed|Error/.test(state)) throw new Error(state);
        return state === 'joined';
      });
      return page;
    }

    async function publish(page: Page): Promise<void> {
      await page.locator('#publish').click();
      await until('the page publishes', async () => (await stateOf(page)) === 'published');
    }

    const framesOf = (page: Page) =>
      page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0);

    async function seesMore(page: Page): Promise<void> {
      const before = await framesOf(page);
      await until('more frames are decoded', async () => (await framesOf(page)) > before + 10);
    }

    /** Another one after an ICE restart. */
    const ufragOf = (page: Page): Promise<string | undefined> =>
      page.evaluate(() => {
        const { client } = window as unknown as { client: { publisher: RTCPeerConnection } };
        return /a=ice-ufrag:(.+)/.exec(client.publisher.localDescription?.sdp ?? '')?.[1];
      });

    /** The local candidates by which media goes, of a connection of the page's client: their types and, with TURN, how it is reached. */
    const waysOf = (page: Page, connection: 'publisher' | 'subscriber'): Promise<string[]> =>
      page.evaluate(async (name) => {
        const { client } = window as unknown as { client: Record<string, RTCPeerConnection> };
        const report = await client[name]?.getStats();
        const stats = [...(report?.values() ?? [])];
        const ways = stats
          .filter(
            ({ type, nominated, state }) => type === 'candidate-pair' && nominated && state === 'succeeded',
          )
          .map(({ localCandidateId }) => report?.get(localCandidateId))
          .map(({ candidateType, relayProtocol }) =>
            [candidateType, relayProtocol].filter(Boolean).join(' by '),
          );
        return [...new Set(ways)];
      }, connection);

    test('media goes from browser to SFU directly', async () => {
      const publisher = await enter('ada', '');
      await publish(publisher);
      const viewer = await enter('ben', '');
      await seesMore(viewer);
      expect(await waysOf(publisher, 'publisher')).toEqual(['host']);
      expect(await waysOf(viewer, 'subscriber')).toEqual(['host']);
    });

    test('media goes through the TURN server alone, and goes on when the relay of both users stops', async () => {
      const publisher = await enter('ada', 'turn');
      const ufrag = await ufragOf(publisher);
      await publish(publisher);
      const viewer = await enter('ben', 'turn');
      await seesMore(viewer);
      expect(await ufragOf(publisher), 'of the join').toBe(ufrag);
      expect(await waysOf(publisher, 'publisher')).toEqual(['relay by udp']);
      expect(await waysOf(viewer, 'subscriber')).toEqual(['relay by udp']);

      const served = await Promise.all(relays.map(connectionsOf));
      const serving = relays.find((_, n) => served[n] === 2);
      if (!serving) throw new Error(`nginx has no stickiness: ${served}`);
      expect(await terminate(serving)).toBe(0);
      await seesMore(viewer);
      expect(await waysOf(viewer, 'subscriber')).toEqual(['relay by udp']);
    }, 120_000);

    test('TLS takes it to the TURN server where a network lets nothing else through', async () => {
      const relay = await application.start({
        ...env,
        TURN_URIS: `turns:127.0.0.1:${turn.tlsPort}?transport=tcp`,
      });
      onTestFinished(() => relay.child.stop('SIGKILL'));
      const url = `http://127.0.0.1:${relay.port}`;
      const publisher = await enter('ada', 'turn&tls', url);
      await publish(publisher);
      const viewer = await enter('ben', 'turn&tls', url);
      await seesMore(viewer);
      expect(await waysOf(publisher, 'publisher')).toEqual(['relay by tls']);
      expect(await waysOf(viewer, 'subscriber')).toEqual(['relay by tls']);
    });
  },
);
