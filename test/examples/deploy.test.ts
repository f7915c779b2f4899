import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeOffer } from '../../src/testing/index.js';
import { WireClient } from '../contract/wire-client.js';
import { startDemo } from '../support/demo.js';
import { until } from '../support/poll.js';
import { describeReal } from '../support/real.js';

const API_READINESS = '/api/v1/sfu/health/ready';
const readinessOf = {
  express: API_READINESS,
  koa: API_READINESS,
  hono: API_READINESS,
  uwebsockets: '/healthz',
  moderation: '/healthz',
  'live-room': '/healthz',
  cluster: '/healthz',
};
const SOON = { intervalMs: 20 };

/** A relay process, as the balancer of examples/cluster tells of it. */
interface Relay {
  name: string;
  pid: number;
  isServing: boolean;
}

/** An example with somebody in a room. */
async function startBusy(example: string, deploy: { readinessDelayMs: number; drainMs: number }) {
  const { process: server, url, ready } = await startDemo({ example, deploy });
  onTestFinished(() => server.stop());
  await ready();
  const join = async (name: string) => {
    const client = await WireClient.dial(`${url.replace('http', 'ws')}/rtc?room=tea&name=${name}`);
    const offer = { type: 'offer', sdp: fakeOffer() };
    const { result } = await client.request('join', { sid: 'tea', uid: name, offer });
    return Object.assign(client, { sessionId: String(result?.sessionId) });
  };
  const client = await join('Ada');
  return { server, client, url, join, signal: (name: NodeJS.Signals) => process.kill(server.pid, name) };
}

describeReal(['redis'], 'a deploy', () => {
  describe.each(Object.entries(readinessOf))('of examples/%s', (example, path) => {
    test('is seen by the load balancer first, then by the clients; the process ends with 0', async () => {
      const { server, client, url, signal } = await startBusy(example, {
        readinessDelayMs: 2_000,
        drainMs: 200,
      });
      const readiness = async () => (await fetch(url + path)).status;
      await until('it is ready', async () => (await readiness()) === 200, SOON);
      signal('SIGTERM');
      await until('it is not ready', async () => (await readiness()) === 503, SOON);
      expect((await client.request('ping')).result).toEqual({});
      expect((await client.closed).code).toBe(1001);
      expect(client.methods()).toContain('goaway');
      await server.ended();
      expect(server.exitCode).toBe(0);
    });
  });

  test('ends at once on a second signal', async () => {
    const { server, signal } = await startBusy('live-room', { readinessDelayMs: 600_000, drainMs: 0 });
    signal('SIGTERM');
    await server.output(/Closing …/);
    signal('SIGTERM');
    await server.ended();
    expect(server.exitCode).toBe(1);
  });

  test('of one relay of examples/cluster: its clients go to the other one, and a new process takes its place', async () => {
    const { server, client, url, join } = await startBusy('cluster', {
      readinessDelayMs: 2_000,
      drainMs: 200,
    });
    const relayOf = async (sessionId: string) => {
      const response = await fetch(`${url}/processes?session=${sessionId}`);
      const { processes }: { processes: Relay[] } = await response.json();
      return processes.find(({ isServing }) => isServing);
    };
    const first = await relayOf(client.sessionId);
    process.kill(first?.pid ?? 0, 'SIGTERM');
    for (const n of [1, 2, 3]) {
      const late = await join(`late ${n}`);
      expect((await relayOf(late.sessionId))?.name).not.toBe(first?.name);
    }
    expect((await client.closed).code).toBe(1001);
    await server.output(new RegExp(`${first?.name} is back`));
  });
});
