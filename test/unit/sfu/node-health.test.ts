import { afterEach, expect, test, vi } from 'vitest';
import { anonymous, SfuRelay } from '../../../src/index.js';
import { startScriptedSfu, startSilentServer } from '../../../src/testing/index.js';
import { silentLogger } from '../../../src/util/logger.js';
import { until } from '../../support/poll.js';

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A relay in front of a place where there may be an SFU, and the warnings that it gives. */
function watch(serverUrl: string, client: 'http2' | 'grpc-js' = 'http2') {
  const warn = vi.fn<(fields: object, message: string) => void>();
  const relay = new SfuRelay({
    sfu: { serverUrl, client, connectTimeoutMs: 300 },
    authenticate: anonymous(),
    logger: { ...silentLogger, warn },
  });
  ends.push(() => relay.close());
  return { relay, warn, warnings: () => warn.mock.calls.map(([, message]) => message) };
}

test.each(['http2', 'grpc-js'] as const)(
  'the operator is warned once when the SFU goes, and once when it is back (%s)',
  async (client) => {
    const sfu = await startScriptedSfu();
    const { address, port } = sfu;
    const { relay, warn, warnings } = watch(address, client);
    await until('the SFU has been probed', () => sfu.totalStreams === 1);
    expect(warnings()).toEqual([]);

    await sfu.stop();
    for (let look = 0; look < 3; look += 1) expect((await relay.healthCheck()).ok).toBe(false);
    expect(warnings()).toEqual([expect.stringContaining(`The SFU at ${address} is not available: `)]);
    expect(warn.mock.calls[0]?.[0]).toMatchObject({
      serverUrl: address,
      code: 'ERR_RELAY_SFU_UNAVAILABLE',
    });

    const back = await startScriptedSfu({ port });
    ends.push(() => back.stop());
    // Nobody asks: the relay looks by itself.
    await until('the relay has noticed', () => warnings().length > 1);
    expect(warnings().slice(1)).toEqual([`The SFU at ${address} answers again`]);
  },
);

test('a relay that is started before its SFU says so, with the address and the cause', async () => {
  const { warnings } = watch('127.0.0.1:1');
  await until('the relay has noticed', () => warnings().length > 0);
  expect(warnings()).toEqual([
    'The SFU at 127.0.0.1:1 is not available: connect ECONNREFUSED. Nothing listens there: does the SFU run, is it its gRPC port?',
  ]);
});

test('a server that accepts connections and stays silent is not available', async () => {
  const silent = await startSilentServer();
  ends.push(() => silent.stop());
  const { warnings } = watch(silent.address);
  await until('the relay has noticed', () => warnings().length > 0);
  expect(warnings()[0]).toBe(
    `The SFU at ${silent.address} is not available: no connection within 300 ms: is the address right, does a firewall drop it?`,
  );
});

test('an SFU that answers no probe is not available', async () => {
  const sfu = await startScriptedSfu();
  ends.push(() => sfu.stop());
  const { relay, warnings } = watch(sfu.address);
  await until('the SFU has been probed', () => sfu.totalStreams === 1);
  sfu.script.onTrickle = () => {};
  expect((await relay.healthCheck()).ok).toBe(false);
  expect(warnings()).toHaveLength(1);
});

test('each outage is told, and each return', async () => {
  const first = await startScriptedSfu();
  const { address, port } = first;
  await first.stop();
  const { relay, warnings } = watch(address);
  await until('the first outage is told', () => warnings().length === 1);
  for (const round of [1, 2]) {
    const sfu = await startScriptedSfu({ port });
    // Somebody asks before the relay looks by itself.
    await until('it answers', async () => (await relay.healthCheck()).ok);
    await until('the return is told', () => warnings().length === 2 * round);
    await sfu.stop();
    await relay.healthCheck();
    await until('the outage is told', () => warnings().length === 2 * round + 1);
  }
  const back = await startScriptedSfu({ port });
  ends.push(() => back.stop());
  await until('the relay has noticed by itself', () => warnings().length === 6);
});

test('closing the relay is no failure of the SFU', async () => {
  const { relay, warnings } = watch('127.0.0.1:1');
  await relay.close();
  expect(warnings()).toEqual([]);
});
