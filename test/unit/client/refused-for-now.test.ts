import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakePeer, FakeSocket, installFakeBrowser, newest } from './fake-browser.js';
import { type Connected, connected, joined, joinResult } from './participant.js';

beforeEach(installFakeBrowser);
beforeEach(() => {
  vi.useFakeTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const refusal = (retryAfterMs: number) => ({
  code: -32029,
  message: 'Too many arrivals from this address: try again in a moment.',
  data: { code: 'ERR_RELAY_TOO_MANY', retryable: true, retryAfterMs },
});

/** The relay refuses the join that was sent last. */
async function refuseJoin(socket: FakeSocket, retryAfterMs: number): Promise<void> {
  socket.receive({ id: newest(socket.sent).id, error: refusal(retryAfterMs) });
  await settle();
}

/** The relay refuses the connection. */
async function refuseConnection(socket: FakeSocket, retryAfterMs: number): Promise<void> {
  const error = refusal(retryAfterMs);
  socket.receive({ id: null, error: { ...error, data: { ...error.data, closeCode: 4429 } } });
  socket.end(4429, error.message);
  await settle();
}

const joins = ({ sent }: FakeSocket) => sent.filter(({ method }) => method === 'join').length;

/** A client whose join is not answered yet. */
async function joining(options = {}): Promise<Connected & { joining: Promise<unknown> }> {
  const base = await connected(options);
  delete base.socket.results.join;
  const joining = base.client.join({ roomId: 'lobby' });
  joining.catch(() => {});
  await settle();
  return { ...base, joining };
}

async function opened(socket: FakeSocket, results: FakeSocket['results']): Promise<void> {
  socket.results = results;
  socket.open();
  await settle();
}

describe('a join that the relay refuses for now', () => {
  test('is sent again over the same connection, at the time that the relay names and no sooner', async () => {
    const base = await joining();
    await refuseJoin(base.socket, 20_000);
    await vi.advanceTimersByTimeAsync(19_999);
    expect([base.client.state, joins(base.socket)]).toEqual(['joining', 1]);
    base.socket.results.join = () => joinResult();
    await vi.advanceTimersByTimeAsync(1);
    expect(await base.joining).toMatchObject({ sessionId: 'mine' });
    expect([base.client.state, joins(base.socket), FakeSocket.all.length]).toEqual(['joined', 2, 1]);
    expect(FakePeer.all.filter(({ isClosed }) => !isClosed)).toHaveLength(2);
    expect(base.of('error')).toEqual([]);
  });

  test('is not sent sooner because the page is shown or the network is back', async () => {
    const document = new EventTarget();
    vi.stubGlobal('document', document);
    const base = await joining();
    await refuseJoin(base.socket, 20_000);
    for (let n = 0; n < 30; n += 1) {
      document.dispatchEvent(new Event('visibilitychange'));
      await settle();
    }
    expect(joins(base.socket)).toBe(1);
    vi.unstubAllGlobals();
    installFakeBrowser();
  });

  test.each([
    [4408, 'No session was joined in time.'],
    [1001, 'The relay is closing.'],
    [1006, ''],
  ])('opens another connection if that one has ended meanwhile, by %s', async (code, reason) => {
    const base = await joining();
    await refuseJoin(base.socket, 20_000);
    base.socket.end(code, reason);
    await vi.advanceTimersByTimeAsync(20_000);
    await opened(newest(FakeSocket.all), { join: () => joinResult() });
    await base.joining;
    expect([base.client.state, base.of('close')]).toEqual(['joined', []]);
  });

  test.each(['leave', 'close'] as const)('is not sent again after %s()', async (end) => {
    const base = await joining();
    await refuseJoin(base.socket, 1_000);
    void base.client[end]();
    await expect(base.joining).rejects.toMatchObject({ code: expect.stringMatching(/ABORTED|CLOSED/) });
    await vi.advanceTimersByTimeAsync(5_000);
    expect([joins(base.socket), vi.getTimerCount()]).toEqual([1, 0]);
  });

  test('is over if the relay names a time of more than a minute, and after eight attempts', async () => {
    const late = await joining();
    await refuseJoin(late.socket, 61_000);
    await expect(late.joining).rejects.toMatchObject({ code: 'ERR_RELAY_TOO_MANY', retryAfterMs: 61_000 });
    const base = await joining();
    for (let n = 0; n < 9; n += 1) {
      await refuseJoin(base.socket, 1_000);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    await expect(base.joining).rejects.toMatchObject({ code: 'ERR_RELAY_TOO_MANY' });
    expect([joins(base.socket), base.client.state]).toEqual([9, 'open']);
  });

  test('is over at once with reconnect: false', async () => {
    const base = await joining({ reconnect: false });
    await refuseJoin(base.socket, 1_000);
    await expect(base.joining).rejects.toMatchObject({ retryAfterMs: 1_000 });
  });
});

describe('a connection that the relay refuses for now', () => {
  test('is opened again for the join at the time that the relay names', async () => {
    const base = await joining();
    await refuseConnection(base.socket, 3_000);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(FakeSocket.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    await opened(newest(FakeSocket.all), { join: () => joinResult() });
    await base.joining;
    expect([base.client.state, base.of('close'), base.of('error')]).toEqual(['joined', [], []]);
  });

  test('before a join is opened again by that', async () => {
    const base = await connected();
    await refuseConnection(base.socket, 3_000);
    expect([base.client.state, base.of('close')]).toEqual(['open', []]);
    const joining = base.client.join({ roomId: 'lobby' });
    await settle();
    await opened(newest(FakeSocket.all), { join: () => joinResult() });
    await joining;
  });
});

describe('in a recovery, a client that is refused', () => {
  test('comes back at the time that the relay names, not at one of its own', async () => {
    const base = await joined();
    base.socket.end(1006);
    await vi.advanceTimersByTimeAsync(700);
    const refused = newest(FakeSocket.all);
    await opened(refused, {});
    await refuseConnection(refused, 25_000);
    await vi.advanceTimersByTimeAsync(24_999);
    expect(FakeSocket.all).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSocket.all).toHaveLength(3);
    const { join: _, ...results } = base.socket.results;
    const next = newest(FakeSocket.all);
    await opened(next, results);
    await refuseJoin(next, 50);
    next.results.join = () => joinResult();
    await vi.advanceTimersByTimeAsync(50);
    expect([base.client.state, joins(next), FakeSocket.all.length]).toEqual(['joined', 2, 3]);
  });
});
