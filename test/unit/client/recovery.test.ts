import { beforeEach, describe, expect, test, vi } from 'vitest';
import { installFakeBrowser } from './fake-browser.js';
import { joined } from './participant.js';

beforeEach(installFakeBrowser);
async function joinedForAWhile() {
  const base = await joined({}, { reconnect: false });
  vi.useFakeTimers();
  base.publisher.become('connected');
  const restarts = () =>
    base.socket.params('offer').filter(({ desc }) => desc.sdp.includes('restart')).length;
  return { ...base, restarts };
}

describe('the connection that sends', () => {
  test('is restarted when it has failed, and all is well when it is connected', async () => {
    const { client, publisher, of, restarts } = await joinedForAWhile();
    publisher.become('failed');
    await vi.advanceTimersByTimeAsync(0);
    expect([restarts(), client.state]).toEqual([1, 'reconnecting-media']);
    publisher.become('connected');
    expect([client.state, of('error')]).toEqual(['joined', []]);
    expect(of('state').slice(-2)).toEqual(['reconnecting-media', 'joined']);
  });

  test('gets a few seconds to mend itself when it is disconnected', async () => {
    const { client, publisher, restarts } = await joinedForAWhile();
    publisher.become('disconnected');
    publisher.become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect([restarts(), client.state]).toEqual([0, 'joined']);

    publisher.become('disconnected');
    await vi.advanceTimersByTimeAsync(3_000);
    expect([restarts(), client.state]).toEqual([1, 'reconnecting-media']);
  });

  test('is given up after five restarts, later and later', async () => {
    const { publisher, of, restarts } = await joinedForAWhile();
    for (let n = 0; n < 10; n += 1) {
      publisher.become('failed');
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(restarts()).toBe(5);
    expect(of('error')[0]).toMatchObject({ code: 'ERR_CLIENT_MEDIA_LOST', retryable: true });
  });

  test('is restarted as often again once it was connected', async () => {
    const { publisher, of, restarts } = await joinedForAWhile();
    for (let n = 0; n < 4; n += 1) {
      publisher.become('failed');
      await vi.advanceTimersByTimeAsync(10_000);
    }
    publisher.become('connected');
    for (let n = 0; n < 4; n += 1) {
      publisher.become('failed');
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect([restarts(), of('error')]).toEqual([8, []]);
  });

  test('is tried again by the clock where the restart itself is refused', async () => {
    const { socket, publisher, of, restarts } = await joinedForAWhile();
    publisher.failNext('setRemoteDescription');
    publisher.become('failed');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(restarts()).toBe(2);
    expect(of('error')).toMatchObject([{ code: 'ERR_CLIENT_NEGOTIATION' }]);
    expect(socket.params('offer')).toHaveLength(2);
  });

  test('is left alone when the session has ended', async () => {
    const { client, publisher, restarts } = await joinedForAWhile();
    publisher.become('disconnected');
    await client.leave();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(restarts()).toBe(0);
  });
});

test('the connection that receives can’t be restarted: where no recovery is wanted it is said', async () => {
  const { client, subscriber, of } = await joinedForAWhile();
  subscriber.become('disconnected');
  expect(client.state).toBe('joined');
  subscriber.become('failed');
  await vi.advanceTimersByTimeAsync(0);
  expect(client.state).toBe('reconnecting-media');
  expect(of('error')).toMatchObject([{ code: 'ERR_CLIENT_MEDIA_LOST', retryable: true }]);
  subscriber.become('connected');
  expect(client.state).toBe('joined');
});

test('media flows again only when both connections do', async () => {
  const { client, publisher, subscriber } = await joinedForAWhile();
  subscriber.become('failed');
  publisher.become('failed');
  await vi.advanceTimersByTimeAsync(0);
  publisher.become('connected');
  expect(client.state).toBe('reconnecting-media');
  subscriber.become('connected');
  expect(client.state).toBe('joined');
});
