import { expect, test } from 'vitest';
import { data } from './frames.js';
import { framed } from './recorded-call.js';
import { answer, finish, message, useStage } from './stage.js';

const stage = useStage();

const THROWN = new Error('a listener of the test, which throws');

function fail(): never {
  throw THROWN;
}

test('a listener that throws at a message loses its own call only', async () => {
  const { peer, connection } = await stage.open();
  const broken = stage.call(connection, { onMessage: fail });
  const sound = stage.call(connection);
  const [brokenId = 0, soundId = 0] = await peer.streams(2);
  peer.send(answer(brokenId), answer(soundId));
  peer.send(data(brokenId, Buffer.concat([framed('one'), framed('two')])), message(soundId, 'one'));
  expect((await broken.ended()).code).toBe('INTERNAL');
  peer.send(message(soundId, 'two'), finish(soundId));
  expect((await sound.ended()).code).toBe('OK');
  expect(broken.messages).toEqual(['one']);
  expect(sound.messages).toEqual(['one', 'two']);
});

test('a listener that throws at the end of its call hurts nobody else', async () => {
  const { peer, connection } = await stage.open();
  const calls = [0, 1, 2].map(() => stage.call(connection, { onEnd: fail }));
  const sound = stage.call(connection);
  const ids = await peer.streams(4);
  const uncaught = await uncaughtOf(async () => {
    peer.send(...ids.map(answer), finish(ids[0] ?? 0), message(ids[3] ?? 0, 'goes on'));
    expect(await sound.received(1)).toEqual(['goes on']);
    calls[1]?.cancel();
    connection.close();
    expect((await sound.ended()).code).toBe('UNAVAILABLE');
  });
  expect(calls.map(({ ends }) => ends.map(({ code }) => code))).toEqual([
    ['OK'],
    ['CANCELLED'],
    ['UNAVAILABLE'],
  ]);
  // What is thrown is not swallowed.
  expect(uncaught).toEqual(Array(3).fill(THROWN));
});

/** What nobody has caught in the meantime, in the place of the test runner. */
async function uncaughtOf(run: () => Promise<void>): Promise<unknown[]> {
  const runners = process.listeners('uncaughtException');
  const uncaught: unknown[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  await run().finally(() => {
    process.removeAllListeners('uncaughtException');
    for (const runner of runners) process.on('uncaughtException', runner);
  });
  return uncaught;
}

test('a call can be made and ended from within a listener', async () => {
  const { peer, connection } = await stage.open();
  const first = stage.call(connection, {
    onMessage: () => first.say('answer'),
    onEnd: () => {
      second = stage.call(connection);
      second.say('hello');
    },
  });
  let second: typeof first | undefined;
  const id = await peer.stream();
  peer.send(answer(id), message(id, 'question'));
  await expect.poll(() => peer.bytesOf(id)).toEqual(framed('answer'));
  peer.send(finish(id));
  const [, nextId = 0] = await peer.streams(2);
  await expect.poll(() => peer.bytesOf(nextId)).toEqual(framed('hello'));
  peer.send(answer(nextId), finish(nextId));
  expect((await second?.ended())?.code).toBe('OK');
});
