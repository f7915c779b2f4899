import { createServer, type Server } from 'node:http';
import express from 'express';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { createRouter } from '../../src/adapters/express.js';
import { useServer } from '../../src/adapters/ws.js';
import { cookie, SfuRelay } from '../../src/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../src/testing/index.js';
import { launchBrowser, type TestBrowser } from '../support/browser.js';
import { closeServer, listen } from '../support/listen.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

/** A cookie is for all ports of a host, so a page on another port has it sent, whatever `SameSite` says. */
describeReal(['chromium'], 'in Chromium, with the cookie of a user', () => {
  let sfu: ScriptedSfu;
  let relay: SfuRelay<{ userId: string }>;
  let server: Server;
  let foreign: Server;
  let browser: TestBrowser;
  let own: string;
  let ownPage: Page;
  let foreignPage: Page;

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    relay = new SfuRelay({
      sfu: { serverUrl: sfu.address },
      authenticate: (request) => {
        const userId = cookie('session')(request);
        return userId !== undefined && { userId };
      },
    });
    const login = (_request: express.Request, response: express.Response) =>
      void response.cookie('session', 'alice').type('html').send('');
    server = createServer(express().use('/api', createRouter(relay)).get('/', login));
    useServer(relay, new WebSocketServer({ server, path: '/rtc' }));
    own = `127.0.0.1:${await listen(server)}`;
    foreign = createServer((_request, response) => response.setHeader('content-type', 'text/html').end());
    const foreignUrl = `http://127.0.0.1:${await listen(foreign)}/`;
    browser = await launchBrowser();
    ownPage = (await browser.open(`http://${own}/`)).page;
    foreignPage = await ownPage.context().newPage();
    await foreignPage.goto(foreignUrl);
  });
  afterAll(async () => {
    await browser?.close();
    await relay?.close();
    if (server) await closeServer(server);
    if (foreign) await closeServer(foreign);
    await sfu?.stop();
  });

  /** Joins on a WebSocket of the page: gives the user, or the close code. */
  const joinFrom = (page: Page) =>
    page.evaluate(
      ({ url, sdp }) =>
        new Promise<unknown>((resolve) => {
          const ws = new WebSocket(url);
          const params = { sid: 'lobby', offer: { type: 'offer', sdp } };
          ws.onopen = () => ws.send(JSON.stringify({ id: 1, method: 'join', params }));
          ws.onmessage = ({ data }) => {
            const { result } = JSON.parse(data);
            if (result) resolve(result.userId);
          };
          ws.onclose = ({ code }) => resolve(code);
        }),
      { url: `ws://${own}/rtc`, sdp: fakeOffer() },
    );

  /** Sends a POST as a page may send it to any server: whether it arrived can't be read. */
  const postFrom = (page: Page, type: string) =>
    page.evaluate(
      ({ url, body, type }) =>
        fetch(url, {
          method: 'POST',
          mode: 'no-cors',
          credentials: 'include',
          headers: { 'content-type': type },
          body,
        }).then((response) => response.status),
      {
        url: `http://${own}/api/session`,
        body: JSON.stringify({ room_id: 'lobby', sdp: fakeOffer() }),
        type,
      },
    );

  test("a page of the server joins by it, and a page of another origin doesn't", async () => {
    expect(await joinFrom(ownPage)).toBe('alice');
    expect(await joinFrom(foreignPage)).toBe(4403);
  });

  test('a page of another origin creates no session by a POST', async () => {
    const before = relay.sessions.size;
    await postFrom(foreignPage, 'text/plain');
    const { refused } = relay.counters;
    await until('it is refused', () => Object.fromEntries(refused).ERR_RELAY_MEDIA_TYPE === 1);
    expect(relay.sessions.size).toBe(before);
  });
});
