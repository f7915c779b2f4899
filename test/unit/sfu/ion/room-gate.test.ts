import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GateTicket, RoomGate, RoomGates } from '../../../../src/sfu/ion/room-gate.js';

const never = new AbortController().signal;

/** Whether a promise has settled by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('joining', () => {
  test('an empty room is for one at a time; once somebody is there, for all', async () => {
    const gate = new RoomGate();
    const first = await gate.enter(never);
    const second = gate.enter(never);
    const third = gate.enter(never);
    expect(await isDone(second)).toBe(false);
    first.joined();
    expect([await isDone(second), await isDone(third)]).toEqual([true, true]);
  });

  test('goes on when the one before has failed', async () => {
    const gate = new RoomGate();
    const first = await gate.enter(never);
    const second = gate.enter(never);
    first.ended();
    expect(await isDone(second)).toBe(true);
  });

  test('waits until the last one who leaves has gone', async () => {
    const gate = new RoomGate();
    const first = await gate.enter(never);
    first.joined();
    await first.leave();
    const second = gate.enter(never);
    expect(await isDone(second)).toBe(false);
    first.ended();
    expect(await isDone(second)).toBe(true);
  });

  test('that is aborted while it waits rejects with the reason, and keeps nobody', async () => {
    const gate = new RoomGate();
    const first = await gate.enter(never);
    const controller = new AbortController();
    const second = gate.enter(controller.signal);
    controller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    await expect(gate.enter(controller.signal)).rejects.toThrow('gone');
    first.ended();
    expect(await isDone(gate.enter(never))).toBe(true);
  });
});

describe('leaving', () => {
  test('the last one waits for the joins under way', async () => {
    const gate = new RoomGate();
    const first = await gate.enter(never);
    first.joined();
    const second = await gate.enter(never);
    const leaving = first.leave();
    expect(await isDone(leaving)).toBe(false);
    second.joined();
    expect(await isDone(leaving)).toBe(true);
  });

  test('one of several does not', async () => {
    const gate = new RoomGate();
    const first = await gate.enter(never);
    first.joined();
    const other = await gate.enter(never);
    other.joined();
    await gate.enter(never);
    expect(await isDone(first.leave())).toBe(true);
  });

  test('one that the SFU has ended waits for nothing', async () => {
    const gate = new RoomGate();
    const first = await gate.enter(never);
    first.joined();
    await gate.enter(never);
    const leaving = first.leave();
    first.ended();
    expect(await isDone(leaving)).toBe(true);
  });
});

test('a ticket of an ended stream that leaves once more keeps the gate of the next ones', async () => {
  const gates = new RoomGates();
  const old = await gates.enter('lobby', never);
  old.joined();
  old.ended();
  await gates.enter('lobby', never);
  await old.leave();
  expect(await isDone(gates.enter('lobby', never))).toBe(false);
});

test('whatever happens in whatever order: nobody joins while the room may vanish, and nobody waits for ever', async () => {
  const step = fc.record({ who: fc.nat(5), what: fc.constantFrom('enter', 'joined', 'leave', 'ended') });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const gate = new RoomGate();
      const seats: { passage?: GateTicket; state: string }[] = Array.from({ length: 6 }, () => ({
        state: 'out',
      }));
      const count = (state: string) => seats.filter((seat) => seat.state === state).length;
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      for (const { who, what } of steps) {
        const seat = seats[who] ?? { state: 'out' };
        if (what === 'enter' && seat.state === 'out') {
          seat.state = 'waiting';
          void gate.enter(never).then((passage) => {
            // The room stands on the SFU, or nobody is coming or going.
            expect(count('joined') > 0 || count('joining') + count('leaving') === 0).toBe(true);
            Object.assign(seat, { passage, state: 'joining' });
          });
        } else if (what === 'joined' && seat.state === 'joining') {
          seat.state = 'joined';
          seat.passage?.joined();
        } else if (what === 'leave' && (seat.state === 'joined' || seat.state === 'joining')) {
          const was = seat.state;
          void seat.passage?.leave().then(() => {
            if (seat.state !== 'joined' && seat.state !== 'joining') return;
            if (was === 'joined') expect(count('joined') > 1 || count('joining') === 0).toBe(true);
            seat.state = 'leaving';
          });
        } else if (what === 'ended' && seat.passage && seat.state !== 'out') {
          const { passage } = seat;
          delete seat.passage;
          seat.state = 'out';
          passage.ended();
        }
        await turn();
      }
      for (let round = 0; round < 12; round += 1) {
        for (const seat of seats) {
          if (!seat.passage) continue;
          seat.state = 'out';
          seat.passage.ended();
          delete seat.passage;
          await turn();
        }
      }
      expect(count('waiting')).toBe(0);
      expect(await isDone(gate.enter(never))).toBe(true);
    }),
    { numRuns: 200 },
  );
});
