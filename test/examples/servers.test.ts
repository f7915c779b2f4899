import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeOffer } from '../../src/testing/index.js';
import { startDemo, useDemo } from '../support/demo.js';
import { parseExposition } from '../support/exposition.js';
import { connected, lists, reads, say, showsVideo, useTabs } from '../support/live-room.js';
import { describeReal } from '../support/real.js';

const API = '/api/v1/sfu';
const withApi = { api: true, health: `${API}/health`, healthy: { status: 'ok' } };
const examples = {
  express: withApi,
  koa: withApi,
  hono: withApi,
  uwebsockets: { api: false, health: '/healthz', healthy: { ok: true } },
};

describeReal(['chromium'], 'the examples', () => {
  const tabs = useTabs();

  describe.each(Object.entries(examples))('examples/%s', (example, { api, health, healthy }) => {
    const server = useDemo({ example });

    test('who goes live in one tab is seen in another; both see who is there, and what they write', async () => {
      const live = await tabs.open(`${server.url}/?room=tea&name=Ada&auto=live`);
      const watching = await tabs.open(`${server.url}/?room=tea&name=Ben&auto=watch`);

      await showsVideo(watching, 'Ada');
      await say(watching, 'hello');
      for (const page of [live, watching]) {
        await lists(page, ['Ada', 'Ben']);
        await reads(page, ['hello']);
      }
    });

    test('tells that the SFU can be reached', async () => {
      const response = await fetch(server.url + health);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject(healthy);
    });

    test('serves its folders, and nothing beside them', async () => {
      const get = (path: string) => fetch(server.url + path);
      const client = await get('/sfu-relay/client.js');
      expect(client.headers.get('content-type')).toMatch(/^text\/javascript/);
      expect(client.headers.get('content-security-policy')).toContain("default-src 'self'");

      for (const path of ['/..%2fserver.js', '/sfu-relay/..%2fpackage.json', '/sfu-relay/%00', '/nothing']) {
        const { status } = await get(path);
        expect(status, path).toBeGreaterThanOrEqual(400);
        expect(status, path).toBeLessThan(500);
      }
    });

    if (example === 'express') {
      test('shows its metrics to Prometheus', async () => {
        const scraped = parseExposition(await (await fetch(`${server.url}/metrics`)).text());
        expect(scraped.get('sfu_relay_sfu_up')?.samples.get('sfu_relay_sfu_up')).toBe(1);
      });
    }

    if (api) {
      test('who comes over HTTP is in the room, until it leaves', async () => {
        const watching = await tabs.open(`${server.url}/?room=cake&name=Cleo&auto=watch`);
        await connected(watching);

        const sdp = fakeOffer([{ kind: 'video', streamId: 's', trackId: 't' }]);
        const { status, body } = await post(server, { room_id: 'cake', user_id: 'Dora', sdp });
        expect({ status, body }).toMatchObject({
          status: 200,
          body: { data: { sdp: expect.stringMatching(/^v=0/) } },
        });
        await lists(watching, ['Cleo', 'Dora']);

        await fetch(`${server.url}${API}/session/${body.data.session_id}`, { method: 'DELETE' });
        await lists(watching, ['Cleo']);
      });

      test.each([
        ['no SDP', undefined, 400, 'ERR_RELAY_INVALID_PARAMS'],
        ['half an SDP', fakeOffer().slice(0, 200), 422, 'ERR_RELAY_INVALID_SDP'],
      ])('over HTTP, %s is refused in JSON', async (_, sdp, status, code) => {
        expect(await post(server, { room_id: 'cake', sdp })).toMatchObject({
          status,
          body: { data: { code } },
        });
      });
    }

    test('does not share its port: says which other one to try, and ends with 1', async () => {
      const { process: second } = await startDemo({ example, port: server.port });
      onTestFinished(() => second.stop());
      await second.ended();
      expect(second.exitCode).toBe(1);
      expect(second.log).toContain(`PORT=${server.port + 1}`);
    });

    test('ends with 0 on SIGTERM, though people are in it', async () => {
      const { process: ending, url, ready } = await startDemo({ example });
      onTestFinished(() => ending.stop());
      await ready();
      const { page } = await tabs.browser.open(`${url}/?room=tea&name=Ada&auto=live`);
      onTestFinished(() => page.context().close());
      await connected(page);

      await ending.stop();
      expect(ending.exitCode).toBe(0);
      expect(ending.log.trimEnd()).toMatch(/Closing …$/);
    });
  });
});

async function post({ url }: { url: string }, body: object) {
  const response = await fetch(`${url}${API}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
