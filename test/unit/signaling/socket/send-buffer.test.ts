import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SendBuffer } from '../../../../src/signaling/socket/send-buffer.js';

/** A socket whose network takes what the test lets it take. */
class FakeSocket {
  readonly protocol = '';
  bufferedAmount = 0;
  stalled = false;
  sent: string[] = [];
  /** How many frames each write has. */
  writes: number[] = [];
  #corked = false;
  send(text: string): void {
    this.sent.push(text);
    if (!this.#corked) this.writes.push(1);
    if (this.stalled) this.bufferedAmount += text.length + 2;
  }
  cork(send: () => void): void {
    const before = this.sent.length;
    this.#corked = true;
    send();
    this.#corked = false;
    this.writes.push(this.sent.length - before);
  }
  ping(): void {}
  close(): void {}
  terminate(): void {}
}

/** The turn's texts are with the socket then. */
const endOfTurn = () => new Promise<void>((resolve) => process.nextTick(resolve));

const LIMITS = { maxBufferedBytes: 1_000, slowConsumerTimeoutMs: 100 };

describe('the send buffer', () => {
  let socket: FakeSocket;
  let failures: unknown[];
  let buffer: SendBuffer;

  beforeEach(() => {
    vi.useFakeTimers();
    socket = new FakeSocket();
    failures = [];
    buffer = new SendBuffer(socket, LIMITS, (error) => failures.push(error));
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Each by a turn of its own. */
  function send(text: string, mayDrop = false): void {
    buffer.send(text, mayDrop);
    buffer.flush();
  }

  test('sends at the end of the turn, and keeps no timer where the network takes everything', async () => {
    buffer.send('hello');
    await Promise.resolve();
    buffer.send('world');
    await endOfTurn();
    expect(socket.sent).toEqual(['hello', 'world']);
    expect(socket.writes).toEqual([2]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('sends before the end of the turn where that has much', () => {
    buffer.send('a'.repeat(10_000));
    expect(socket.writes).toEqual([]);
    buffer.send('b'.repeat(10_000));
    buffer.send('c');
    expect(socket.writes).toEqual([2]);
  });

  test('takes more at once of what belongs together, and of what follows until that has left', () => {
    const long = 'x'.repeat(800);
    socket.stalled = true;
    const describeRoom = () =>
      buffer.together(() => {
        for (let n = 0; n < 3; n += 1) send(long);
      });
    describeRoom();
    expect(socket.sent).toHaveLength(3);
    buffer.check();
    send(long);
    expect(failures).toEqual([]);
    socket.bufferedAmount = 900;
    send(long);
    expect(failures).toMatchObject([{ code: 'ERR_RELAY_SLOW_CONSUMER' }]);
  });

  test('bounds what is sent together inside of what is sent together as a part of it', () => {
    const long = 'x'.repeat(800);
    socket.stalled = true;
    buffer.together(() => {
      send(long);
      buffer.together(() => send(long));
      send(long);
    });
    expect(failures).toEqual([]);
    expect(socket.sent).toHaveLength(3);
  });

  test('does not take a second one before the first one has left', () => {
    socket.stalled = true;
    const describeRoom = () =>
      buffer.together(() => {
        for (let n = 0; n < 3; n += 1) send('x'.repeat(800));
      });
    describeRoom();
    describeRoom();
    expect(socket.sent).toHaveLength(3);
    expect(failures).toMatchObject([{ code: 'ERR_RELAY_SLOW_CONSUMER' }]);
  });

  test('sends at once where something waits', () => {
    socket.stalled = true;
    send('a');
    buffer.send('b');
    expect(socket.sent).toEqual(['a', 'b']);
  });

  test('sends nothing once it was stopped, and takes a socket without corks', () => {
    Object.assign(socket, { cork: undefined });
    buffer.send('a');
    buffer.send('b');
    buffer.flush();
    buffer.send('c');
    buffer.stop();
    buffer.flush();
    expect(socket.writes).toEqual([1, 1]);
  });

  test('drops what may be dropped from a quarter of the ceiling on, and nothing else', () => {
    socket.stalled = true;
    send('a'.repeat(240));
    send('figures', true);
    send('b'.repeat(20));
    send('later figures', true);
    send('an offer');
    expect(socket.sent.map((text) => text[0])).toEqual(['a', 'f', 'b', 'a']);
    expect(failures).toEqual([]);
  });

  test('fails once, instead of passing the ceiling, and sends nothing after it', () => {
    socket.stalled = true;
    send('a'.repeat(900));
    send('b'.repeat(99));
    send('c');
    expect(socket.sent).toHaveLength(1);
    expect(failures).toMatchObject([{ code: 'ERR_RELAY_SLOW_CONSUMER' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('counts bytes, not characters', () => {
    socket.stalled = true;
    send('a'.repeat(500));
    send('é'.repeat(300));
    expect(failures).toHaveLength(1);
  });

  test('a message longer than the ceiling goes out where nothing waits', () => {
    send('a'.repeat(5_000));
    expect(socket.sent).toHaveLength(1);
    expect(failures).toEqual([]);
  });

  test('fails when a message has not left in time', () => {
    socket.stalled = true;
    send('a'.repeat(50));
    vi.advanceTimersByTime(100);
    expect(failures).toMatchObject([{ code: 'ERR_RELAY_SLOW_CONSUMER' }]);
  });

  test('a client that reads, if slowly, is left alone, however long it is behind', () => {
    socket.stalled = true;
    for (let round = 0; round < 50; round += 1) {
      send('a'.repeat(50));
      // All but the newest has left.
      socket.bufferedAmount = Math.min(socket.bufferedAmount, 52);
      vi.advanceTimersByTime(50);
    }
    expect(failures).toEqual([]);
    socket.bufferedAmount = 0;
    vi.advanceTimersByTime(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('one that throws in the middle of a write, or has lost its cork, is a failure too', () => {
    socket.send = () => {
      throw new Error('gone');
    };
    buffer.send('hello');
    buffer.send('world');
    buffer.flush();
    expect(failures).toMatchObject([{ message: 'gone' }]);

    buffer = new SendBuffer(socket, LIMITS, (error) => failures.push(error));
    socket.cork = () => {
      throw new Error('no cork');
    };
    buffer.send('hello');
    buffer.send('world');
    buffer.flush();
    expect(failures).toMatchObject([{ message: 'gone' }, { message: 'no cork' }]);
  });

  test('one that fails, and its failure too, takes nothing from the others', async () => {
    const broken = new FakeSocket();
    broken.send = () => {
      throw new Error('gone');
    };
    const first = new SendBuffer(broken, LIMITS, () => {
      throw new Error('no end');
    });
    first.send('hello');
    buffer.send('hello');
    await endOfTurn();
    expect(socket.sent).toEqual(['hello']);
    buffer.send('world');
    await endOfTurn();
    expect(socket.sent).toEqual(['hello', 'world']);
  });

  test('those that go by turns get what is theirs', async () => {
    const sockets = [new FakeSocket(), new FakeSocket(), new FakeSocket()];
    const buffers = sockets.map((each) => new SendBuffer(each, LIMITS, (error) => failures.push(error)));
    const long = 'x'.repeat(20_000);
    for (const text of ['a', long, 'b', 'c'])
      for (const [index, each] of buffers.entries()) each.send(`${index}${text}`);
    buffers[1]?.stop();
    await endOfTurn();
    for (const each of buffers) each.send('d');
    await endOfTurn();
    expect(sockets.map(({ sent }) => sent)).toEqual([
      ['0a', `0${long}`, '0b', '0c', 'd'],
      ['1a', `1${long}`],
      ['2a', `2${long}`, '2b', '2c', 'd'],
    ]);
    expect(sockets.map(({ writes }) => writes)).toEqual([[2, 2, 1], [2], [2, 2, 1]]);
  });

  test('what is sent while a turn ends goes out with it', async () => {
    const other = new FakeSocket();
    const echo = new SendBuffer(other, LIMITS, (error) => failures.push(error));
    socket.send = () => void echo.send('heard');
    buffer.send('hello');
    await endOfTurn();
    expect(other.sent).toEqual(['heard']);
  });

  test('a socket that throws is a failure, not an exception', () => {
    socket.send = () => {
      throw new Error('gone');
    };
    send('hello');
    expect(failures).toMatchObject([{ message: 'gone' }]);
  });
});
