import { afterEach, expect, test, vi } from 'vitest';
import { Emitter } from '../../../../src/client/common/emitter.js';

class Bell extends Emitter<{ ring: [times: number] }> {
  ring(times: number): void {
    this.emit('ring', times);
  }
}

afterEach(() => vi.unstubAllGlobals());

test('a listener hears until it is taken off, by name or by the function that on() gave', () => {
  const bell = new Bell();
  const heard: string[] = [];
  const a = (times: number) => heard.push(`a${times}`);
  const stop = bell.on('ring', (times) => heard.push(`b${times}`));
  bell.on('ring', a);
  bell.ring(1);
  bell.off('ring', a);
  bell.ring(2);
  stop();
  bell.ring(3);
  expect(heard).toEqual(['b1', 'a1', 'b2']);
});

test('once() hears once, and can be taken off before', () => {
  const bell = new Bell();
  const heard: number[] = [];
  const listener = (times: number) => heard.push(times);
  bell.once('ring', listener);
  bell.ring(1);
  bell.ring(2);
  bell.once('ring', listener);
  bell.off('ring', listener);
  bell.ring(3);
  expect(heard).toEqual([1]);
});

test('the function that on() or once() returns removes its own registration, off() all of the same listener', () => {
  const bell = new Bell();
  const heard: number[] = [];
  const listener = (times: number) => heard.push(times);
  const stop = bell.on('ring', listener);
  bell.on('ring', listener);
  bell.once('ring', listener)();
  bell.ring(1);
  stop();
  stop();
  bell.ring(2);
  expect(heard).toEqual([1, 1, 2]);
  bell.on('ring', listener);
  bell.off('ring', listener);
  bell.ring(3);
  expect(heard).toEqual([1, 1, 2]);
});

test('a listener that throws is reported, and harms no other', () => {
  const reported: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
  const bell = new Bell();
  const heard: number[] = [];
  const fault = new Error('mine');
  bell.on('ring', () => {
    throw fault;
  });
  bell.on('ring', (times) => heard.push(times));
  bell.ring(1);
  expect(heard).toEqual([1]);
  expect(reported).toEqual([fault]);
});
