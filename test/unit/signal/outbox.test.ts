import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Outbox } from '../../../src/signal/outbox.js';

/** A socket whose network takes what the test lets it take. */
class FakeSocket {
  readonly protocol = '';
  bufferedAmount = 0;
  stalled = false;
  sent: string[] = [];
  send(text: string): void {
    this.sent.push(text);
    if (this.stalled) this.bufferedAmount += text.length + 2;
  }
  ping(): void {}
  close(): void {}
  terminate(): void {}
}

describe('the outbox', () => {
  let socket: FakeSocket;
  let failures: unknown[];
  let outbox: Outbox;

  beforeEach(() => {
    vi.useFakeTimers();
    socket = new FakeSocket();
    failures = [];
    outbox = new Outbox(socket, {
      maxBufferedBytes: 1_000,
      slowConsumerTimeoutMs: 100,
      onFailure: (error) => failures.push(error),
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('sends at once, and keeps no timer where the network takes everything', () => {
    outbox.send('hello');
    expect(socket.sent).toEqual(['hello']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('drops what may be dropped from a quarter of the ceiling on, and nothing else', () => {
    socket.stalled = true;
    outbox.send('a'.repeat(240));
    outbox.send('figures', true);
    outbox.send('b'.repeat(20));
    outbox.send('later figures', true);
    outbox.send('an offer');
    expect(socket.sent.map((text) => text[0])).toEqual(['a', 'f', 'b', 'a']);
    expect(failures).toEqual([]);
  });

  test('fails once, instead of passing the ceiling, and sends nothing after it', () => {
    socket.stalled = true;
    outbox.send('a'.repeat(900));
    outbox.send('b'.repeat(99));
    outbox.send('c');
    expect(socket.sent).toHaveLength(1);
    expect(failures).toMatchObject([{ code: 'ERR_RELAY_SLOW_CONSUMER' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('counts bytes, not characters', () => {
    socket.stalled = true;
    outbox.send('a'.repeat(500));
    outbox.send('é'.repeat(300));
    expect(failures).toHaveLength(1);
  });

  test('a message longer than the ceiling goes out where nothing waits', () => {
    outbox.send('a'.repeat(5_000));
    expect(socket.sent).toHaveLength(1);
    expect(failures).toEqual([]);
  });

  test('fails when a message has not left in time', () => {
    socket.stalled = true;
    outbox.send('a'.repeat(50));
    vi.advanceTimersByTime(100);
    expect(failures).toMatchObject([{ code: 'ERR_RELAY_SLOW_CONSUMER' }]);
  });

  test('a client that reads, if slowly, is left alone, however long it is behind', () => {
    socket.stalled = true;
    for (let round = 0; round < 50; round += 1) {
      outbox.send('a'.repeat(50));
      // All but the newest has left.
      socket.bufferedAmount = Math.min(socket.bufferedAmount, 52);
      vi.advanceTimersByTime(50);
    }
    expect(failures).toEqual([]);
    socket.bufferedAmount = 0;
    vi.advanceTimersByTime(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a socket that throws is a failure, not an exception', () => {
    socket.send = () => {
      throw new Error('gone');
    };
    outbox.send('hello');
    expect(failures).toMatchObject([{ message: 'gone' }]);
  });
});
