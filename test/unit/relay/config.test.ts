import { describe, expect, test } from 'vitest';
import { anonymous, parseSfuConfig, SfuRelay, type SfuRelayOptions } from '../../../src/index.js';

describe('parseSfuConfig', () => {
  test('reads YAML, by itself or below "sfu", and what is parsed already', () => {
    const expected = { enabled: true, serverUrl: 'ion:5551' };
    expect(parseSfuConfig('server_url: ion:5551')).toEqual(expected);
    expect(parseSfuConfig('sfu:\n  enabled: true\n  server_url: "ion:5551"\n  mode: single\n')).toEqual(
      expected,
    );
    expect(parseSfuConfig({ sfu: { enabled: false, server_url: 'ion:5551' } })).toEqual({
      ...expected,
      enabled: false,
    });
  });

  test('reads the file of the MicroVibe-Go backend as it is', () => {
    const file = `
# 服务器配置
server:
  port: 8080
  mode: debug # 运行模式

# SFU（选择性转发单元）配置
sfu:
  enabled: true # 是否启用 SFU
  server_url: "localhost:5551" # Ion SFU 的 gRPC 地址
  mode: "standalone" # 部署模式：standalone（单机）或 cluster（集群）
  cluster_nodes: # 集群节点列表，仅在集群模式下有效
    - "localhost:5551"
    - "localhost:5552"
  load_balance_method: "roundrobin" # 负载均衡：random、roundrobin、leastconn
`;
    expect(parseSfuConfig(file)).toEqual({ enabled: true, serverUrl: 'localhost:5551' });
    expect(parseSfuConfig(file.replaceAll('\n', '\r\n'))).toEqual({
      enabled: true,
      serverUrl: 'localhost:5551',
    });
  });

  test('takes an empty list of nodes, and what is left empty', () => {
    const expected = { enabled: true, serverUrl: 'ion:5551' };
    expect(parseSfuConfig('server_url: ion:5551\nmode: single\ncluster_nodes: []')).toEqual(expected);
    expect(parseSfuConfig('server_url: ion:5551\ncluster_nodes:\nload_balance_method:')).toEqual(expected);
  });

  test('reads a cluster: options that a relay takes', async () => {
    const yaml = `
mode: cluster
server_url: ion:5551
cluster_nodes:
  - ion-1:5551
  - server_url: ion-2:5551
    weight: 2
    max_streams: 5000
  - { server_url: "ion-3:5551", weight: , max_streams: }
load_balance_method: random
`;
    const config = parseSfuConfig(yaml);
    expect(config).toEqual({
      enabled: true,
      mode: 'cluster',
      clusterNodes: [
        'ion-1:5551',
        { serverUrl: 'ion-2:5551', weight: 2, maxStreams: 5_000 },
        { serverUrl: 'ion-3:5551' },
      ],
      loadBalanceMethod: 'random',
    });
    const relay = new SfuRelay({ sfu: { ...config, probeOnStart: false }, authenticate: anonymous() });
    await relay.close();
  });

  test('leaves the method of load balancing to the relay if the file has none', () => {
    expect(parseSfuConfig('mode: cluster\ncluster_nodes: ["ion-1:5551"]')).toEqual({
      enabled: true,
      mode: 'cluster',
      clusterNodes: ['ion-1:5551'],
    });
  });

  test.each([
    ['ws://localhost:7000/ws', 'write "localhost:7000" instead of "ws://localhost:7000/ws"'],
    ['http://ion.internal', 'write "ion.internal:5551" instead of "http://ion.internal"'],
    ['wss://[::1]:5551', 'write "[::1]:5551"'],
    ['grpc://ion:5551', 'write "ion:5551"'],
  ])('refuses %s with the right form', (server_url, message) => {
    expect(() => parseSfuConfig({ server_url })).toThrow(message);
    expect(() => parseSfuConfig({ server_url })).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_CONFIG' }),
    );
  });

  test.each([
    ['no address', 'enabled: true', 'host:port'],
    ['an address without a port', 'server_url: ion', 'host:port'],
    ['a port out of range', 'server_url: ion:99999', 'host:port'],
    [
      'a typo',
      'server_url: ion:5551\nserver_ulr: x',
      '"sfu" takes no "server_ulr". Did you mean "server_url"?',
    ],
    ['a mode that does not exist', 'server_url: ion:5551\nmode: standalon', 'Did you mean "standalone"?'],
    [
      'a method of load balancing that does not exist',
      'server_url: ion:5551\nload_balance_method: round_robin',
      '"load_balance_method" is "round_robin". Did you mean "roundrobin"?',
    ],
    [
      'a node without a port',
      'server_url: ion:5551\ncluster_nodes: ["ion-1:5551", "ion-2"]',
      '"ion-2" is not an address: write "host:port"',
    ],
    [
      'nodes that are no list',
      'server_url: ion:5551\ncluster_nodes: ion-1:5551',
      'must be a list of addresses',
    ],
    [
      'a cluster without nodes',
      'mode: cluster\nserver_url: ion:5551',
      'cluster_nodes is empty: write the address',
    ],
    [
      'a node that is there twice',
      'mode: cluster\ncluster_nodes: ["ion-1:5551", "ion-1:5551"]',
      'cluster_nodes has "ion-1:5551" twice',
    ],
    [
      'a misspelled key of a node',
      'mode: cluster\ncluster_nodes: [{ server_url: "ion-1:5551", max_stream: 5 }]',
      '"cluster_nodes[0]" takes no "max_stream". Did you mean "max_streams"?',
    ],
    [
      'a weight of zero',
      'mode: cluster\ncluster_nodes: [{ server_url: "ion-1:5551", weight: 0 }]',
      '"weight" must be a whole number from 1 to 1000',
    ],
    [
      'a limit that is no number',
      'mode: cluster\ncluster_nodes: [{ server_url: "ion-1:5551", max_streams: many }]',
      '"max_streams" must be a whole number',
    ],
    [
      'a node without an address',
      'mode: cluster\ncluster_nodes: [{ weight: 2 }]',
      "The SFU's address is missing",
    ],
    ['a switch that is none', 'server_url: ion:5551\nenabled: 7', '"enabled" must be true or false'],
    ['a list', '- a', 'must be a mapping'],
    ['broken YAML', 'a: [', 'not valid YAML'],
  ])('refuses %s', (_, yaml, message) => {
    expect(() => parseSfuConfig(yaml)).toThrow(message);
  });
});

describe('the options', () => {
  const good: SfuRelayOptions = { sfu: { serverUrl: 'localhost:5551' }, authenticate: anonymous() };

  test('authenticate can not be left out', () => {
    const open = { sfu: good.sfu } as SfuRelayOptions;
    expect(() => new SfuRelay(open)).toThrow('"authenticate" is missing');
  });

  test.each<[string, object, string]>([
    ['no SFU', { sfu: undefined }, '"sfu" is missing'],
    [
      'a port alone',
      { sfu: { serverUrl: 5551 } },
      'is the number 5551: write "host:port", e.g. "localhost:5551"',
    ],
    ['an address that is a list', { sfu: { serverUrl: ['a:1'] } }, 'must be a string, and is a list'],
    ['authenticate: true', { authenticate: true }, '"authenticate" must be a function, and is true: write'],
    ['authenticate as a string', { authenticate: 'secret' }, 'must be a function, and is a string'],
    ['a scheme', { sfu: { serverUrl: 'ws://localhost:7000' } }, 'write "localhost:7000"'],
    ['a timeout of zero', { joinTimeoutMs: 0 }, '"joinTimeoutMs"'],
    ['a timeout that setTimeout can not keep', { joinTimeoutMs: 2 ** 31 }, '"joinTimeoutMs"'],
    ['a timeout in a string', { answerTimeoutMs: '5s' }, '"answerTimeoutMs"'],
    [
      'pings of the SFU that are a flood',
      { sfu: { serverUrl: 'a:1', keepaliveTimeMs: 9_999 } },
      'from 10000',
    ],
    ['a socket without a path', { sfu: { serverUrl: 'unix:' } }, 'write "unix:/run/sfu.sock"'],
    ['a socket with a host', { sfu: { serverUrl: 'unix://run/sfu.sock' } }, 'write "unix:/run/sfu.sock"'],
    ['a path that is too long', { sfu: { serverUrl: `unix:/${'x'.repeat(107)}` } }, 'more than 107 bytes'],
    [
      'an authority with a scheme',
      { sfu: { serverUrl: 'a:1', authority: 'http://a' } },
      '"sfu.authority" must be the name that a proxy knows the SFU by: write "sfu.example.com".',
    ],
    [
      'metadata that are a token',
      { sfu: { serverUrl: 'a:1', metadata: 'Bearer x' } },
      '"sfu.metadata" must be an object: write { authorization:',
    ],
    ['metadata in a Map', { sfu: { serverUrl: 'a:1', metadata: new Map() } }, 'must be an object'],
    [
      'metadata of a strange name',
      { sfu: { serverUrl: 'a:1', metadata: { 'a b': 'x' } } },
      'names are of letters',
    ],
    [
      'metadata that gRPC sets',
      { sfu: { serverUrl: 'a:1', metadata: { te: 'x' } } },
      'which gRPC sets itself',
    ],
    ['metadata of bytes', { sfu: { serverUrl: 'a:1', metadata: { 'x-bin': 'x' } } }, 'takes texts only'],
    ['metadata with a line break', { sfu: { serverUrl: 'a:1', metadata: { x: 'a\nb' } } }, 'printable ASCII'],
    [
      'metadata of 8 KB',
      { sfu: { serverUrl: 'a:1', metadata: { x: 'x'.repeat(8_000) } } },
      'that servers take',
    ],
    ['half of a client certificate', { sfu: { serverUrl: 'a:1', tls: { cert: 'x' } } }, '"tls.key"'],
    [
      'a name of the server that is no text',
      { sfu: { serverUrl: 'a:1', tls: { serverName: 5 } } },
      '"sfu.tls.serverName"',
    ],
  ])('refuses %s, and says what to write', (_, options, message) => {
    expect(() => new SfuRelay({ ...good, ...options } as SfuRelayOptions)).toThrow(message);
  });

  test('are not changed, and changing them later changes nothing', async () => {
    const sfu = { serverUrl: 'localhost:1' };
    const relay = new SfuRelay(Object.freeze({ ...good, sfu }));
    sfu.serverUrl = 'localhost:2';
    expect((await relay.healthCheck()).nodes).toMatchObject([{ serverUrl: 'localhost:1' }]);
    await relay.close();
  });
});
