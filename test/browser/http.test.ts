import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRouter } from '../../src/adapters/express.js';
import { useServer } from '../../src/adapters/ws.js';
import { anonymous, SfuRelay } from '../../src/index.js';
import { fakeOffer } from '../../src/testing/index.js';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { closeServer, listen } from '../support/listen.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';
import { type RunningSfu, sfus } from '../support/sfus.js';

interface HttpClient {
  join(entry: { room: string; user: string; role: 'publisher' | 'subscriber' }): Promise<void>;
  framesDecoded(): Promise<number>;
  stats(): Promise<{ user_id: string; video_bitrate: number; role: string }>;
  leave(): Promise<void>;
  methods: string[];
  closed: { code: number } | undefined;
}

declare global {
  interface Window {
    httpClient: HttpClient;
  }
}

const pages = fileURLToPath(new URL('./pages', import.meta.url));
const dist = fileURLToPath(new URL('../../dist', import.meta.url));

for (const sfu of sfus) {
  describeReal(['chromium', ...sfu.needs], `over HTTP and server-sent events alone, on ${sfu.name}`, () => {
    let running: RunningSfu;
    let relay: SfuRelay;
    let server: Server;
    let browser: TestBrowser;
    let url: string;

    beforeAll(async () => {
      running = await sfu.start();
      relay = new SfuRelay({ sfu: { serverUrl: running.address }, authenticate: anonymous() });
      server = createServer(
        express()
          .use('/api/v1/sfu', createRouter(relay))
          .use('/pages', express.static(pages))
          .use('/dist', express.static(dist)),
      );
      useServer(relay, server);
      url = `http://127.0.0.1:${await listen(server)}`;
      browser = await launchBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await relay?.close();
      if (server) await closeServer(server);
      await running?.stop();
    });

    async function enter(user: string, role: 'publisher' | 'subscriber'): Promise<Page> {
      const { page } = await browser.open(`${url}/pages/http.html`);
      await until('the page is there', () => page.evaluate(() => Boolean(window.httpClient)));
      await page.evaluate((entry) => window.httpClient.join(entry), { room: 'lobby', user, role });
      return page;
    }

    test('one publishes and another watches; figures come; both leave, and nothing is left', async () => {
      const publisher = await enter('ada', 'publisher');
      const viewer = await enter('ben', 'subscriber');
      const frames = () => viewer.evaluate(() => window.httpClient.framesDecoded());
      await until('the picture moves', async () => (await frames()) > 20);
      await until('a bitrate is known', async () => {
        const stats = await publisher.evaluate(() => window.httpClient.stats());
        expect(stats).toMatchObject({ user_id: 'ada', role: 'publisher' });
        return stats.video_bitrate > 10_000;
      });

      await publisher.evaluate(() => window.httpClient.leave());
      await until(
        'the publisher is told',
        async () => (await publisher.evaluate(() => window.httpClient.closed))?.code === 1000,
      );
      await until('the viewer is told', async () =>
        (await viewer.evaluate(() => window.httpClient.methods)).includes('participants'),
      );
      await viewer.evaluate(() => window.httpClient.leave());
      await until('nothing is left', () => relay.sessions.size + relay.streamCount === 0);
    });

    test('a session that a backend has created is that of the browser client, once it has attached', async () => {
      const viewer = await enter('ben', 'subscriber');
      const response = await fetch(`${url}/api/v1/sfu/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ room_id: 'lobby', user_id: 'ada', sdp: fakeOffer() }),
      });
      const { session_id: sessionId, session_token: sessionToken } = (await response.json()).data;

      const { page } = await browser.open(`${url}/pages/relay.html`);
      await until('the page is there', () => page.evaluate(() => Boolean(window.participant)));
      const session = { url: `${url.replace('http', 'ws')}/rtc`, sessionId, sessionToken };
      const attached = await page.evaluate((each) => window.participant.attach(each), session);
      expect(attached).toMatchObject({ sessionId, userId: 'ada', participants: [{ userId: 'ben' }] });
      await page.evaluate(() => window.participant.publishCamera());
      const frames = () => viewer.evaluate(() => window.httpClient.framesDecoded());
      await until('the picture moves', async () => (await frames()) > 20);
      expect([relay.sessions.size, relay.streamCount]).toEqual([2, 2]);

      await page.evaluate(() => window.participant.leave());
      await viewer.evaluate(() => window.httpClient.leave());
      await until('nothing is left', () => relay.sessions.size + relay.streamCount === 0);
    });
  });
}
