import { expect, test, vi } from 'vitest';
import { Heard, useNodes } from './nodes.js';
import { RawHttp2Server } from './raw-http2-server.js';
import { useStage } from './stage.js';

const { lookup } = vi.hoisted(() => ({ lookup: vi.fn() }));
vi.mock('node:dns/promises', async (original) => ({ ...(await original<object>()), lookup }));

const stage = useStage();
const nodes = useNodes();
const forever = new AbortController().signal;

function resolvesTo(...addresses: string[]): void {
  lookup.mockResolvedValue(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
}

/** A server on another address, with the port of the first one. */
async function serveBeside({ port }: RawHttp2Server, host: string): Promise<RawHttp2Server> {
  return RawHttp2Server.listen(undefined, { host, port });
}

test('an address that accepts TCP and stays silent is passed over for the next one', async () => {
  const server = await stage.serve();
  const silent = await serveBeside(server, '127.0.0.2');
  server.onPeer = (peer) => peer.greet();
  resolvesTo('127.0.0.2', '127.0.0.1');
  const connection = stage.connect(`sfu.test:${server.port}`);
  await connection.ready(forever);
  // The address that did not answer is left.
  await (await silent.accept()).gone();
  await silent.close();
  expect(stage.lost).toEqual([]);
  const node = nodes.connect(`sfu.test:${server.port}`);
  server.onPeer = (peer) => peer.greet();
  await node.open(new Heard(), forever);
  expect(node.connectionCount).toBe(1);
});

test.each([
  [
    'speaks another protocol',
    (server: RawHttp2Server) => (server.onPeer = (peer) => peer.send(Buffer.from('SSH-2.0-x\r\n'))),
  ],
  ['closes the connection', (server: RawHttp2Server) => (server.onPeer = ({ socket }) => socket.end())],
])('an address that %s is passed over at once', async (_, behave) => {
  const server = await stage.serve();
  const other = await serveBeside(server, '127.0.0.2');
  behave(other);
  server.onPeer = (peer) => peer.greet();
  resolvesTo('127.0.0.2', '127.0.0.1');
  await stage.connect(`sfu.test:${server.port}`).ready(forever);
  await other.close();
});

test('an address where nothing listens is passed over', async () => {
  const server = await stage.serve();
  server.onPeer = (peer) => peer.greet();
  resolvesTo('127.0.0.3', '127.0.0.2', '127.0.0.1');
  await stage.connect(`sfu.test:${server.port}`).ready(forever);
});

test('a slow address that answers before a later one is taken', async () => {
  const server = await stage.serve();
  const slow = await serveBeside(server, '127.0.0.2');
  resolvesTo('127.0.0.2', '127.0.0.1');
  const connection = stage.connect(`sfu.test:${server.port}`);
  const late = await server.accept();
  (await slow.accept()).greet();
  await connection.ready(forever);
  await late.gone();
  stage.call(connection);
  expect(await (await slow.accept().catch(() => slow.peers[0]))?.stream()).toBe(1);
  connection.close();
  await slow.close();
});

test('where none answers the cause tells of the time, and the connection is suspect', async () => {
  const server = await stage.serve();
  const other = await serveBeside(server, '127.0.0.2');
  resolvesTo('127.0.0.2', '127.0.0.1');
  const connection = stage.connect(`sfu.test:${server.port}`, { connectTimeoutMs: 400 });
  await expect(connection.ready(forever)).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_TIMEOUT' });
  expect(connection.suspect).toBe(true);
  for (const each of [server, other]) await (await each.accept()).gone();
  await other.close();
});

test('where nothing listens on any the cause says so', async () => {
  resolvesTo('127.0.0.2', '127.0.0.1');
  const connection = stage.connect('sfu.test:1');
  await expect(connection.ready(forever)).rejects.toMatchObject({
    code: 'ERR_RELAY_SFU_UNAVAILABLE',
    cause: { code: 'ECONNREFUSED' },
  });
});

test('a name that there is not is unavailable, with what to do', async () => {
  lookup.mockRejectedValue(Object.assign(new Error('getaddrinfo ENOTFOUND sfu.test'), { code: 'ENOTFOUND' }));
  const connection = stage.connect('sfu.test:5551');
  await expect(connection.ready(forever)).rejects.toMatchObject({
    code: 'ERR_RELAY_SFU_UNAVAILABLE',
    cause: {
      message: 'sfu.test:5551: getaddrinfo ENOTFOUND sfu.test. There is no such host: is it spelled right?',
    },
  });
});

test('a connection that is closed while its name is looked up connects to nobody', async () => {
  const server = await stage.serve();
  let found = (_: object[]) => {};
  lookup.mockReturnValue(new Promise((resolve) => (found = resolve)));
  const connection = stage.connect(`sfu.test:${server.port}`);
  connection.close();
  found([{ address: '127.0.0.1', family: 4 }]);
  await expect(connection.ready(forever)).rejects.toMatchObject({ code: 'ERR_RELAY_SFU_UNAVAILABLE' });
  expect(server.peers).toEqual([]);
});

test('the families take turns', async () => {
  const server = await stage.serve();
  server.onPeer = (peer) => peer.greet();
  const silent = await serveBeside(server, '::1');
  resolvesTo('::1', '::1', '127.0.0.1');
  await stage.connect(`sfu.test:${server.port}`).ready(forever);
  expect(silent.peers).toHaveLength(1);
  await silent.close();
});
