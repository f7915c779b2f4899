import { beforeEach, expect, test, vi } from 'vitest';
import { installFakeBrowser, newest } from './fake-browser.js';
import { joined } from './participant.js';

beforeEach(installFakeBrowser);
beforeEach(() => {
  vi.useFakeTimers();
});
const figures = { sessionId: 'mine', videoBitrate: 1 };
const entry = (type: string, id = type) => ({ id, type, timestamp: 1 });
const measured = () => joined({}, { statsIntervalMs: 1_000 });

test('go to the relay regularly, of both connections, what it understands of them', async () => {
  const { socket, publisher, subscriber, heard } = await measured();
  socket.results.stats = () => figures;
  publisher.stats = [
    entry('outbound-rtp'),
    entry('remote-inbound-rtp'),
    entry('codec'),
    entry('candidate-pair'),
  ];
  subscriber.stats = [entry('inbound-rtp'), entry('certificate')];
  await vi.advanceTimersByTimeAsync(3_000);
  const report = ['outbound-rtp', 'remote-inbound-rtp', 'candidate-pair', 'inbound-rtp'].map((type) =>
    entry(type),
  );
  expect(socket.params('stats')).toEqual([{ report }, { report }, { report }]);
  expect(heard.filter(({ name }) => name === 'stats').map(({ args }) => args)).toEqual([
    [figures, report],
    [figures, report],
    [figures, report],
  ]);
});

test('go one at a time: a relay that is slow to answer gets no more of them', async () => {
  const { socket } = await measured();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(socket.params('stats')).toHaveLength(1);
  const request = socket.sent.find(({ method }) => method === 'stats');
  socket.receive({ id: request?.id, result: figures });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket.params('stats')).toHaveLength(2);
});

test('fail without harm, and a row of failures is told once', async () => {
  const { socket, of } = await measured();
  const refuse = async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    const data = { code: 'ERR_RELAY_INVALID_PARAMS', retryable: false };
    socket.receive({ id: newest(socket.sent).id, error: { code: -32602, message: 'No.', data } });
    await vi.advanceTimersByTimeAsync(0);
  };
  await refuse();
  await refuse();
  expect(of('error')).toMatchObject([{ code: 'ERR_RELAY_INVALID_PARAMS' }]);
  socket.results.stats = () => figures;
  await vi.advanceTimersByTimeAsync(1_000);
  socket.results = {};
  await refuse();
  expect(of('error')).toHaveLength(2);
});

test('end with the session, and 0 switches them off', async () => {
  const { client, socket, of } = await measured();
  await vi.advanceTimersByTimeAsync(1_000);
  await client.leave();
  socket.receive({ id: socket.sent.find(({ method }) => method === 'stats')?.id, result: figures });
  await vi.advanceTimersByTimeAsync(10_000);
  expect([socket.params('stats').length, of('stats'), vi.getTimerCount()]).toEqual([1, [], 0]);

  const between = await measured();
  await between.client.leave();
  expect(vi.getTimerCount()).toBe(0);

  const cut = await measured();
  await vi.advanceTimersByTimeAsync(1_000);
  cut.socket.end(1000);
  await vi.advanceTimersByTimeAsync(0);
  expect([vi.getTimerCount(), cut.of('error')]).toEqual([0, []]);

  const off = await joined({}, { statsIntervalMs: 0 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(off.socket.params('stats')).toEqual([]);
});
