import { afterEach, describe, expect, test, vi } from 'vitest';
import { anonymous, dnsSrv, type SfuOptions, SfuRelay } from '../../../../src/index.js';
import { resolveSfuOptions } from '../../../../src/sfu/pool/options.js';
import { fakeOffer, startScriptedSfu } from '../../../../src/testing/index.js';
import { until } from '../../../support/poll.js';
import { type DnsAnswer, type DnsServer, startDnsServer } from './dns-server.js';

const NAME = '_grpc._tcp.sfu.example.com';

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const { stop } of started.splice(0).reverse()) await stop();
});

async function serve(answer: DnsAnswer): Promise<DnsServer> {
  const server = await startDnsServer(answer);
  started.push(server);
  return server;
}

async function nodesOf(answer: DnsAnswer) {
  const { address } = await serve(answer);
  const nodes = await dnsSrv(NAME, { servers: [address] })();
  return nodes.sort((a, b) => a.serverUrl.localeCompare(b.serverUrl));
}

describe('the nodes of SRV records', () => {
  test('have the hosts, ports and weights of the records', async () => {
    const nodes = await nodesOf([
      { port: 5551, target: 'sfu-1.example.com', weight: 1 },
      { port: 5552, target: 'sfu-2.example.com', weight: 3 },
    ]);
    expect(nodes).toEqual([
      { serverUrl: 'sfu-1.example.com:5551', weight: 1 },
      { serverUrl: 'sfu-2.example.com:5552', weight: 3 },
    ]);
  });

  test('keep the relation of weights that are larger than those of nodes, and weigh at least 1', async () => {
    const nodes = await nodesOf([
      { port: 1, target: 'a', weight: 60_000 },
      { port: 1, target: 'b', weight: 30_000 },
      { port: 1, target: 'c', weight: 0 },
    ]);
    expect(nodes.map(({ weight }) => weight)).toEqual([1_000, 500, 1]);
  });

  test('are those of the lowest priority only', async () => {
    const nodes = await nodesOf([
      { port: 1, target: 'spare', priority: 20 },
      { port: 1, target: 'first', priority: 10 },
      { port: 1, target: 'second', priority: 10 },
    ]);
    expect(nodes.map(({ serverUrl }) => serverUrl)).toEqual(['first:1', 'second:1']);
  });

  test('have brackets around an IPv6 address, which some servers give for a name', async () => {
    expect(await nodesOf([{ port: 5551, target: '2001:db8::1' }])).toEqual([
      { serverUrl: '[2001:db8::1]:5551', weight: 1 },
    ]);
  });

  test('are looked up again at each call', async () => {
    const server = await serve([{ port: 1, target: 'a' }]);
    const resolve = dnsSrv(`${NAME}.`, { servers: [server.address] });
    expect(await resolve()).toMatchObject([{ serverUrl: 'a:1' }]);
    server.answer = [{ port: 2, target: 'b' }];
    expect(await resolve()).toMatchObject([{ serverUrl: 'b:2' }]);
    expect(server.questions).toEqual([NAME, NAME]);
  });

  test.each<[string, DnsAnswer, string]>([
    ['a name that does not exist', 'NXDOMAIN', `there is no such name. Compare it with: dig SRV ${NAME}`],
    ['a name without SRV records', [], `the name has none. Compare it with: dig SRV ${NAME}`],
    ['a service that is not there', [{ port: 0, target: '.' }], 'name no host with a port'],
    ['a DNS server that fails', 'SERVFAIL', 'does the DNS server answer'],
    ['a DNS server that is silent', 'silence', '(ETIMEOUT): does the DNS server answer'],
  ])('are an error for %s that says what to check', async (_, answer, message) => {
    await expect(nodesOf(answer)).rejects.toThrow(message);
  });

  test('are the nodes of a cluster; a failed lookup is its error', async () => {
    const server = await serve([{ port: 5551, target: 'sfu-1', weight: 10 }]);
    const sfu: SfuOptions = {
      mode: 'cluster',
      clusterNodes: dnsSrv(NAME, { servers: [server.address] }),
      maxStreams: 500,
    };
    const { resolveNodes } = resolveSfuOptions(sfu);
    expect(await resolveNodes?.()).toMatchObject([{ serverUrl: 'sfu-1:5551', weight: 10, maxStreams: 500 }]);
    server.answer = 'NXDOMAIN';
    await expect(resolveNodes?.()).rejects.toMatchObject({
      code: 'ERR_RELAY_SFU_UNAVAILABLE',
      cause: { message: expect.stringContaining('there is no such name') },
    });
  });
});

describe('a relay with nodes of SRV records', () => {
  test('joins on them as soon as they are found, and keeps them while the lookup fails', async () => {
    const sfu = await startScriptedSfu();
    const server = await serve('NXDOMAIN');
    const error = vi.fn();
    const relay = new SfuRelay({
      sfu: { mode: 'cluster', clusterNodes: dnsSrv(NAME, { servers: [server.address] }), refreshMs: 1_000 },
      authenticate: anonymous(),
      logger: { debug() {}, info() {}, warn() {}, error },
    });
    started.push({ stop: () => sfu.stop() }, { stop: () => relay.close() });
    const join = (userId: string) => relay.createSession({ roomId: 'lobby', userId, sdp: fakeOffer() });

    await expect(join('ada')).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
    expect(error.mock.calls).toMatchObject([
      [{ err: { cause: { message: expect.stringContaining('there is no such name') } } }, expect.any(String)],
    ]);
    server.answer = [{ port: Number(sfu.address.split(':')[1]), target: 'localhost' }];
    await until('the node is there', () => relay.nodes.length === 1);
    await join('ada');

    server.answer = 'NXDOMAIN';
    await until('the lookup has failed', () => error.mock.calls.length === 2);
    const lookups = server.questions.length;
    await until('it has failed again', () => server.questions.length >= lookups + 2);
    await join('ben');
    expect(error).toHaveBeenCalledTimes(2);
  });
});

test.each<[string, unknown, object, string]>([
  [
    'a URL',
    'dns://sfu.example.com',
    {},
    'dnsSrv() needs a DNS name without scheme and port, and not "dns://',
  ],
  ['a port', 'sfu.example.com:5551', {}, 'without scheme and port'],
  ['no name', undefined, {}, 'and not nothing: write dnsSrv("_grpc._tcp.'],
  ['servers that are names', NAME, { servers: ['dns.example.com'] }, '"servers" of dnsSrv() must be a list'],
  ['no server', NAME, { servers: [] }, '"servers" of dnsSrv() must be a list of addresses'],
  [
    'a server without a list',
    NAME,
    { servers: '10.0.0.2' },
    '"servers" of dnsSrv() must be a list of addresses',
  ],
  ['a server that is a number', NAME, { servers: 7 }, '"servers" of dnsSrv() must be a list of addresses'],
])('dnsSrv() refuses %s', (_, name, options, message) => {
  expect(() => dnsSrv(name as string, options)).toThrow(
    expect.objectContaining({ code: 'ERR_RELAY_CONFIG', message: expect.stringContaining(message) }),
  );
});
