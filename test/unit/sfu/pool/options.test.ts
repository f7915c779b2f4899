import { describe, expect, test } from 'vitest';
import type { ClusterSfuOptions, SfuOptions } from '../../../../src/index.js';
import { resolveNodes, resolveSfuOptions } from '../../../../src/sfu/pool/options.js';

const cluster: ClusterSfuOptions = { mode: 'cluster', clusterNodes: ['sfu-1:5551', 'sfu-2:5551'] };

const resolveCluster = (options: object) => resolveSfuOptions({ ...cluster, ...options } as SfuOptions);

describe('one SFU', () => {
  test('is a single node without limits, with or without its mode', () => {
    const options = resolveSfuOptions({ serverUrl: 'localhost:5551' });
    expect(options).toMatchObject({
      isCluster: false,
      nodes: [
        { serverUrl: 'localhost:5551', weight: 1, maxStreams: Number.POSITIVE_INFINITY, client: 'http2' },
      ],
    });
    expect(options.resolveNodes).toBeUndefined();
    expect(resolveSfuOptions({ mode: 'standalone', serverUrl: 'localhost:5551' })).toEqual(options);
  });

  test.each<[string, object, string]>([
    [
      'nodes',
      { clusterNodes: ['a:1'] },
      '"sfu.clusterNodes" is for several nodes: write sfu: { mode: "cluster"',
    ],
    ['a method', { loadBalanceMethod: 'random' }, '"sfu.loadBalanceMethod" is for several nodes'],
    ['a function that selects', { selectNode: () => undefined }, '"sfu.selectNode" is for several nodes'],
    ['a limit', { maxStreams: 5 }, '"sfu.maxStreams" is for several nodes'],
    ['a refresh', { refreshMs: 5_000 }, '"sfu.refreshMs" is for several nodes'],
    ['a mode that is misspelled', { mode: 'clustr' }, '"sfu.mode" is "clustr". Did you mean "cluster"?'],
    ['a mode that is no text', { mode: 7 }, '"sfu.mode" is 7. Write one of standalone, cluster.'],
  ])('refuses %s', (_, options, message) => {
    const wrong = { serverUrl: 'localhost:5551', ...options } as SfuOptions;
    expect(() => resolveSfuOptions(wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_CONFIG', message: expect.stringContaining(message) }),
    );
  });
});

describe('several nodes', () => {
  test('have defaults', () => {
    const options = resolveSfuOptions(cluster);
    expect(options).toMatchObject({ isCluster: true, loadBalanceMethod: 'leastconn', refreshMs: 30_000 });
    expect(options.nodes).toMatchObject([
      { serverUrl: 'sfu-1:5551', weight: 1, maxStreams: Number.POSITIVE_INFINITY, connectTimeoutMs: 5_000 },
      { serverUrl: 'sfu-2:5551', weight: 1, maxStreams: Number.POSITIVE_INFINITY, connectTimeoutMs: 5_000 },
    ]);
  });

  test('take what they leave out from the cluster', () => {
    const { nodes } = resolveCluster({
      clusterNodes: [
        'sfu-1:5551',
        { serverUrl: 'sfu-2:5551', weight: 3, maxStreams: 9, connectTimeoutMs: 7, authority: 'two' },
        { serverUrl: 'sfu-3:5551', maxStreams: Number.POSITIVE_INFINITY, weight: undefined },
      ],
      maxStreams: 500,
      connectTimeoutMs: 1_000,
      authority: 'one',
      client: 'grpc-js',
      metadata: { Authorization: 'Bearer x' },
    });
    const metadata = { authorization: 'Bearer x' };
    expect(nodes).toMatchObject([
      { weight: 1, maxStreams: 500, connectTimeoutMs: 1_000, authority: 'one', client: 'grpc-js', metadata },
      { weight: 3, maxStreams: 9, connectTimeoutMs: 7, authority: 'two', client: 'grpc-js', metadata },
      { weight: 1, maxStreams: Number.POSITIVE_INFINITY, connectTimeoutMs: 1_000, metadata },
    ]);
  });

  test('do not change when the list does', () => {
    const clusterNodes = [{ serverUrl: 'sfu-1:5551', weight: 2 }];
    const { nodes } = resolveCluster({ clusterNodes });
    clusterNodes.push({ serverUrl: 'sfu-2:5551', weight: 2 });
    Object.assign(clusterNodes[0] ?? {}, { weight: 7 });
    expect(nodes).toMatchObject([{ serverUrl: 'sfu-1:5551', weight: 2 }]);
  });

  test.each<[string, object, string]>([
    ['no list', { clusterNodes: undefined }, 'sfu.clusterNodes must be a list of addresses, and is missing'],
    [
      'an address for the list',
      { clusterNodes: 'a:1' },
      'must be a list of addresses, and is a string: write [',
    ],
    [
      'an empty list',
      { clusterNodes: [] },
      'sfu.clusterNodes is empty: write the address of at least one node',
    ],
    ['an address twice', { clusterNodes: ['a:1', 'A:1'] }, 'sfu.clusterNodes has "A:1" twice'],
    [
      'a scheme',
      { clusterNodes: ['a:1', 'ws://b:7000'] },
      'sfu.clusterNodes[1]: The SFU is spoken to by gRPC',
    ],
    ['a node without a port', { clusterNodes: ['sfu-1'] }, 'sfu.clusterNodes[0]: "sfu-1" is not an address'],
    [
      'a node without an address',
      { clusterNodes: [{}] },
      "sfu.clusterNodes[0]: The SFU's address is missing",
    ],
    [
      'a node that is no address',
      { clusterNodes: [null] },
      "sfu.clusterNodes[0]: The SFU's address is missing",
    ],
    [
      'a hole, as a comma too many makes it',
      { clusterNodes: Object.assign(['sfu-1:5551'], { length: 2 }) },
      "sfu.clusterNodes[1]: The SFU's address is missing",
    ],
    ['a list in the list', { clusterNodes: [['a:1']] }, 'sfu.clusterNodes[0]: A node needs an object'],
    [
      'weight 0',
      { clusterNodes: [{ serverUrl: 'a:1', weight: 0 }] },
      '"weight" must be a whole number from 1 to 1000',
    ],
    [
      'no streams',
      { clusterNodes: [{ serverUrl: 'a:1', maxStreams: 0 }] },
      '"maxStreams" must be a whole number',
    ],
    ['a limit in a text', { maxStreams: '500' }, '"maxStreams" must be a whole number'],
    [
      'a misspelled option of a node',
      { clusterNodes: [{ serverUrl: 'a:1', wieght: 2 }] },
      'sfu.clusterNodes[0]: A node takes no "wieght". Did you mean "weight"?',
    ],
    ['half of a certificate', { clusterNodes: [{ serverUrl: 'a:1', tls: { cert: 'x' } }] }, '"tls.key"'],
    ['an address beside the list', { serverUrl: 'a:1' }, 'has both "serverUrl" and the mode "cluster"'],
    [
      'a method that does not exist',
      { loadBalanceMethod: 'round_robin' },
      '"sfu.loadBalanceMethod" is "round_robin". Did you mean "roundrobin"?',
    ],
    [
      'a choice that is no function',
      { selectNode: 'a:1' },
      '"sfu.selectNode" must be a function, and is a string',
    ],
    ['a refresh of a list', { refreshMs: 5_000 }, '"sfu.refreshMs" is for a function'],
    [
      'a refresh too often',
      { clusterNodes: () => ['a:1'], refreshMs: 10 },
      '"refreshMs" must be a whole number from 1000',
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => resolveCluster(options)).toThrow(
      expect.objectContaining({ code: 'ERR_RELAY_CONFIG', message: expect.stringContaining(message) }),
    );
  });
});

describe('nodes of a function', () => {
  const resolve = (clusterNodes: unknown, options: object = {}) => {
    const { nodes, resolveNodes: call } = resolveCluster({ clusterNodes, ...options });
    expect(nodes).toEqual([]);
    if (!call) throw new Error('there is no function');
    return call();
  };

  test.each<[string, unknown]>([
    ['at once', () => ['a:1', { serverUrl: 'b:1', weight: 2 }]],
    ['by a promise', async () => ['a:1', { serverUrl: 'b:1', weight: 2 }]],
  ])('are those that it returns %s, with the options of the cluster', async (_, clusterNodes) => {
    expect(await resolve(clusterNodes, { maxStreams: 7 })).toMatchObject([
      { serverUrl: 'a:1', weight: 1, maxStreams: 7 },
      { serverUrl: 'b:1', weight: 2, maxStreams: 7 },
    ]);
  });

  test('are each there once', async () => {
    const nodes = await resolve(() => [{ serverUrl: 'a:1', weight: 2 }, 'A:1', 'b:1']);
    expect(nodes).toMatchObject([{ serverUrl: 'a:1', weight: 2 }, { serverUrl: 'b:1' }]);
  });

  test.each<[string, unknown, string]>([
    ['it throws', () => Promise.reject(new Error('no such name')), 'no such name'],
    ['it throws no error', () => Promise.reject('lost'), 'sfu.clusterNodes() has failed: lost'],
    ['it returns nothing', () => undefined, 'sfu.clusterNodes() must be a list of addresses, and is missing'],
    ['it returns no node', () => [], 'sfu.clusterNodes() is empty'],
    ['it returns a wrong address', () => ['a:1', 'b'], 'sfu.clusterNodes()[1]: "b" is not an address'],
    ['it never returns', () => new Promise(() => {}), 'sfu.clusterNodes() has returned nothing within 20 ms'],
  ])('are not available if %s, and the cause says so', async (_, clusterNodes, message) => {
    await expect(resolve(clusterNodes, { connectTimeoutMs: 20 })).rejects.toMatchObject({
      code: 'ERR_RELAY_SFU_UNAVAILABLE',
      cause: { message: expect.stringContaining(message) },
    });
  });
});

describe('nodes that are set later', () => {
  const { defaults } = resolveCluster({ maxStreams: 7, closeTimeoutMs: 9 });

  test('take what they leave out from the cluster', () => {
    expect(resolveNodes(['a:1', { serverUrl: 'b:1', weight: 2 }], defaults, 'setNodes()')).toMatchObject([
      { serverUrl: 'a:1', weight: 1, maxStreams: 7, closeTimeoutMs: 9 },
      { serverUrl: 'b:1', weight: 2, maxStreams: 7, closeTimeoutMs: 9 },
    ]);
  });

  test.each<[string, unknown, string]>([
    ['twice', ['a:1', 'a:1'], 'setNodes() has "a:1" twice'],
    ['without an address', [], 'setNodes() is empty'],
    ['that are no list', new Set(['a:1']), 'setNodes() must be a list of addresses, and is an object'],
  ])('are refused %s', (_, list, message) => {
    expect(() => resolveNodes(list, defaults, 'setNodes()')).toThrow(message);
  });
});
