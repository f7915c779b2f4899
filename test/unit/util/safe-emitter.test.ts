import { expect, test, vi } from 'vitest';
import { silentLogger } from '../../../src/util/logger.js';
import { SafeEmitter } from '../../../src/util/safe-emitter.js';
import { eventually } from '../../support/eventually.js';

class Emitter extends SafeEmitter<{ said: [word: string]; done: [] }> {
  say(word: string): boolean {
    return this.emit('said', word);
  }

  forget(): void {
    this.removeAllListeners();
  }
}

test('a listener that throws, or rejects, is logged, and the next one hears all the same', async () => {
  const error = vi.fn();
  const emitter = new Emitter({ ...silentLogger, error });
  const heard = vi.fn();
  emitter.on('said', () => {
    throw new Error('thrown');
  });
  emitter.on('said', async () => {
    throw new Error('rejected');
  });
  emitter.on('said', heard);
  expect(emitter.say('hello')).toBe(true);
  expect(heard).toHaveBeenCalledWith('hello');
  await eventually(() => expect(error).toHaveBeenCalledTimes(2));
});

test('off takes its own listener away, and once hears one time', () => {
  const emitter = new Emitter(silentLogger);
  const [first, second, third] = [vi.fn(), vi.fn(), vi.fn()];
  emitter.on('said', first);
  emitter.once('said', second);
  emitter.on('said', third);
  expect([emitter.listenerCount('said'), emitter.listenerCount('done'), emitter.listenerCount()]).toEqual([
    3, 0, 3,
  ]);
  emitter.off('said', first);
  emitter.say('one');
  emitter.say('two');
  expect(first).not.toHaveBeenCalled();
  expect(second.mock.calls).toEqual([['one']]);
  expect(third.mock.calls).toEqual([['one'], ['two']]);
  emitter.forget();
  expect(emitter.say('three')).toBe(false);
});

test('on() and once() give a function that takes the listener off again', () => {
  const emitter = new Emitter(silentLogger);
  const [first, second, third] = [vi.fn(), vi.fn(), vi.fn()];
  const stopFirst = emitter.on('said', first);
  const stopSecond = emitter.once('said', second);
  emitter.on('said', third);
  stopFirst();
  stopSecond();
  emitter.say('hello');
  expect(first).not.toHaveBeenCalled();
  expect(second).not.toHaveBeenCalled();
  expect(third).toHaveBeenCalledWith('hello');
  stopFirst();
  expect(emitter.listenerCount()).toBe(1);
});

test('off without a function is an error, and removes no listener', () => {
  const emitter = new Emitter(silentLogger);
  const heard = vi.fn();
  emitter.on('said', heard);
  expect(() => emitter.off('said', undefined as never)).toThrow(/off\(\) need an event and a function/);
  emitter.say('hello');
  expect(heard).toHaveBeenCalledWith('hello');
});

test('the function that on() or once() returns removes its own registration, off() all of the same listener', () => {
  const emitter = new Emitter(silentLogger);
  const heard = vi.fn();
  const stopFirst = emitter.on('said', heard);
  const stopSecond = emitter.once('said', heard);
  emitter.on('said', heard);
  expect(emitter.listenerCount('said')).toBe(3);
  stopFirst();
  stopFirst();
  expect(emitter.listenerCount('said')).toBe(2);
  stopSecond();
  emitter.say('hello');
  expect(heard.mock.calls).toEqual([['hello']]);
  emitter.on('said', heard);
  emitter.off('said', heard);
  expect(emitter.say('nobody listens')).toBe(false);
});
