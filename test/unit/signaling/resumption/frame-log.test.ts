import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameLog } from '../../../../src/signaling/resumption/frame-log.js';

const LIMITS = { maxFrames: 6, maxBytes: 1_000 };

function logOf(...frames: string[]): FrameLog {
  const log = new FrameLog(LIMITS, 0);
  for (const text of frames) log.push(text, text.length, text.startsWith('room'));
  return log;
}

describe('the frames that a client has not acknowledged', () => {
  test('are those after the number that it has received', () => {
    const log = logOf('joined', 'offer', 'room 1');
    expect(log.after(1)).toEqual({ texts: ['offer', 'room 1'], needsSnapshot: false });
    expect(log.after(3)).toEqual({ texts: [], needsSnapshot: false });
  });

  test('continue the numbers of a connection that has sent others before', () => {
    const log = new FrameLog(LIMITS, 40);
    log.push('joined', 6, false);
    expect(log.sent).toBe(41);
    expect(log.acknowledge(40)).toBe(false);
    expect(log.acknowledge(41)).toBe(true);
  });

  test.each([0, 4, -1, 1.5, Number.NaN, '2', null, undefined])('are not acknowledged by %s', (received) => {
    const log = logOf('joined', 'offer', 'room 1');
    expect(log.acknowledge(received)).toBe(false);
    expect(log.unacknowledged).toEqual(['offer', 'room 1']);
  });

  test('cannot be asked for again once they are acknowledged', () => {
    const log = logOf('joined', 'offer', 'room 1');
    log.acknowledge(2);
    expect(log.acknowledge(2)).toBe(false);
    expect(log.after(1)).toBeUndefined();
    expect(log.after(2)).toEqual({ texts: ['room 1'], needsSnapshot: false });
  });

  test('can be resumed once the client has the first one', () => {
    const log = logOf('joined');
    expect(log.isResumable).toBe(false);
    log.acknowledge(1);
    expect(log.isResumable).toBe(true);
  });
});

describe('beyond the limits', () => {
  test('a snapshot takes the place of those that describe the room; the others keep their order and get the last numbers', () => {
    const log = logOf('joined');
    log.acknowledge(1);
    for (const text of ['room 2', 'offer', 'room 4', 'result', 'room 6', 'room 7', 'room 8', 'trickle'])
      log.push(text, text.length, text.startsWith('room'));
    expect(log.after(1)).toEqual({ texts: ['offer', 'result', 'trickle'], needsSnapshot: true });
    expect(log.sent).toBe(9);
    // The client has received the snapshot, that is 6, and two of the three.
    expect(log.after(8)).toEqual({ texts: ['trickle'], needsSnapshot: false });
  });

  test('no snapshot is needed by a client that has received all that is discarded', () => {
    const log = logOf('joined');
    log.acknowledge(1);
    for (let n = 2; n <= 9; n += 1) log.push(`room ${n}`, 6, true);
    expect(log.after(8)).toEqual({ texts: ['room 9'], needsSnapshot: false });
  });

  test('of bytes the same', () => {
    const log = logOf('joined');
    log.acknowledge(1);
    log.push('room 2', 600, true);
    log.push('result', 10, false);
    log.push('room 4', 600, true);
    expect(log.after(1)).toEqual({ texts: ['result'], needsSnapshot: true });
  });

  test('nothing can be resumed if what no snapshot describes is too much', () => {
    const log = logOf('joined');
    log.acknowledge(1);
    for (let n = 2; n <= 9; n += 1) log.push(`result ${n}`, 8, false);
    expect(log.isResumable).toBe(false);
    expect(log.unacknowledged).toEqual(['result 9']);
    expect(log.sent).toBe(9);
  });

  test('it can be resumed again once the client has received that', () => {
    const log = logOf('joined');
    log.acknowledge(1);
    for (let n = 2; n <= 9; n += 1) log.push(`result ${n}`, 8, false);
    log.acknowledge(6);
    expect(log.isResumable).toBe(false);
    log.acknowledge(9);
    log.push('result 10', 9, false);
    expect(log.isResumable).toBe(true);
    expect(log.after(9)).toEqual({ texts: ['result 10'], needsSnapshot: false });
  });

  test('the first frame does not count: without it the client joins afresh', () => {
    const log = logOf('x'.repeat(2_000), 'offer');
    expect(log.isResumable).toBe(false);
    log.acknowledge(1);
    expect(log.isResumable).toBe(true);
    expect(log.after(1)).toEqual({ texts: ['offer'], needsSnapshot: false });
  });

  test('a client that has the first frame, but not the many that followed, gets a snapshot', () => {
    const log = logOf('joined', ...Array(8).fill('room'));
    log.acknowledge(1);
    expect(log.after(1)).toEqual({ texts: [], needsSnapshot: true });
  });
});

test('whatever is sent, acknowledged and resumed: each frame that no snapshot describes arrives once and in order', () => {
  const act = fc.oneof(
    fc.record({ act: fc.constant('push' as const), describesRoom: fc.boolean() }),
    fc.record({ act: fc.constant('ack' as const) }),
    // How many of the frames in flight the client receives before the connection breaks.
    fc.record({ act: fc.constant('resume' as const), received: fc.nat(10), isLost: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const log = new FrameLog({ maxFrames: 8, maxBytes: 1_000 }, 0);
      log.push('0', 1, false);
      log.acknowledge(1);
      const sent: string[] = [];
      const client: string[] = [];
      let flight: { text: string }[] = [];
      let received = 1;
      let isConnected = true;
      const deliver = (count: number) => {
        for (const { text } of flight.splice(0, count)) {
          received += 1;
          if (text.startsWith('n')) client.push(text);
        }
      };
      for (const [index, each] of acts.entries()) {
        if (each.act === 'push') {
          const text = each.describesRoom ? `room ${index}` : `n ${index}`;
          log.push(text, text.length, each.describesRoom);
          if (!each.describesRoom) sent.push(text);
          if (isConnected) flight.push({ text });
        } else if (each.act === 'ack') {
          deliver(flight.length);
          log.acknowledge(received);
        } else {
          deliver(each.received);
          if (!log.isResumable) return;
          const missed = log.after(received);
          expect(missed).toBeDefined();
          flight = [];
          // The client does not get the answer, and asks again.
          isConnected = !each.isLost;
          if (each.isLost) continue;
          flight = (missed?.texts ?? []).map((text) => ({ text }));
          received = log.sent - flight.length;
        }
        if (!log.isResumable) return;
      }
      for (const text of log.after(received)?.texts ?? []) if (text.startsWith('n')) client.push(text);
      expect(client).toEqual(sent);
    }),
  );
});
