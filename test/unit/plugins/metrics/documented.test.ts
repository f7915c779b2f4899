import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { useServer } from '../../../../src/adapters/ws.js';
import { memoryBackplane } from '../../../../src/backplane/memory/memory-backplane.js';
import { anonymous, SfuRelay } from '../../../../src/index.js';
import { collectMetrics } from '../../../../src/plugins/metrics/index.js';
import { LABELS } from '../../../../src/plugins/metrics/metrics.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../../src/testing/index.js';
import { WireClient } from '../../../contract/wire-client.js';
import { type Family, parseExposition } from '../../../support/exposition.js';
import { closeServer, listen } from '../../../support/listen.js';

describe('a scrape over HTTP, of a relay where something has happened', () => {
  const registry = new Registry();
  let sfu: ScriptedSfu;
  let relay: SfuRelay;
  let server: Server;
  let port: number;
  let text: string;
  let families: ReadonlyMap<string, Family>;

  beforeAll(async () => {
    sfu = await startScriptedSfu();
    relay = new SfuRelay({
      sfu: { serverUrl: sfu.address },
      authenticate: anonymous(),
      backplane: memoryBackplane(),
    });
    collectMetrics(relay, { registry, labels: { site: 'a "quoted"\\\nname' } });
    server = createServer(async (_request, response) => {
      response.setHeader('content-type', registry.contentType).end(await registry.metrics());
    });
    useServer(relay, new WebSocketServer({ server }));
    port = await listen(server);
    for (const uid of ['ada', 'ben']) {
      const client = await WireClient.dial(`ws://127.0.0.1:${port}`);
      const offer = { type: 'offer', sdp: fakeOffer() };
      await client.request('join', { sid: 'a-secret-room', uid, offer });
      await client.request('offer', { desc: offer });
      await client.request('a-secret-method');
      await client.request('message', { kind: 'chat', data: { text: 'hello' } });
      if (uid === 'ada') await client.close();
    }
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    text = await response.text();
    families = parseExposition(text);
  });
  afterAll(async () => {
    await relay?.close();
    await closeServer(server);
    await sfu?.stop();
  });

  test('is in the format of Prometheus, and says what has happened', () => {
    const shown = (sample: string) => {
      const [name = ''] = sample.split('{');
      return families.get(name)?.samples.get(sample.replace('{', '{site="a \\"quoted\\"\\\\\\nname",'));
    };
    expect(shown('sfu_relay_joins_total{outcome="ok"}')).toBe(2);
    expect(shown('sfu_relay_messages_received_total{method="other"}')).toBe(2);
    expect(shown('sfu_relay_room_messages_total{kind="chat"}')).toBe(2);
    expect(shown('sfu_relay_connections_closed_total{by="client",code="1000"}')).toBe(1);
  });

  test('names nobody, no room, and nothing that a client has made up', () => {
    const others = text.replaceAll(`node="${sfu.address}"`, '');
    expect(others).not.toMatch(/secret|ada|ben|127\.0\.0\.1/);
    for (const sessionId of relay.sessions.keys()) expect(text).not.toContain(sessionId);
  });

  test('has the metrics, the types and the labels of docs/METRICS.md', async () => {
    const row = /^\| `(sfu_relay_\w+)` \| (\w+) \|(.*?)\|/gm;
    const guide = await readFile(new URL('../../../../docs/METRICS.md', import.meta.url), 'utf8');
    const documented = [...guide.matchAll(row)].map(([, name, type, labels = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/\w+/g)].map(([label]) => label).sort(),
    }));
    const scraped = [...families].map(([name, { type, samples }]) => {
      const labels = [...samples.keys()].flatMap((key) =>
        [...key.matchAll(/[{,](\w+)=/g)].map(([, label]) => label),
      );
      const own = new Set(labels.filter((label) => label !== 'site' && label !== 'le'));
      return { name, type, labels: [...own].sort() };
    });
    expect(scraped).toEqual(documented);
    for (const { name, type, labels } of scraped) {
      expect(LABELS).toEqual(expect.arrayContaining(labels));
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
    }
  });

  test('asks for no metric in an example of docs/METRICS.md that there is not', async () => {
    const guide = await readFile(new URL('../../../../docs/METRICS.md', import.meta.url), 'utf8');
    const asked = [...guide.matchAll(/\bsfu_relay_\w*[a-z]\b/g)].map(([name]) => name);
    expect(asked.length).toBeGreaterThan(50);
    for (const name of asked) expect([...families.keys()]).toContain(name.replace(/_bucket$/, ''));
  });
});
