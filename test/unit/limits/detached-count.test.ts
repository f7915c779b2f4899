import { describe, expect, test, vi } from 'vitest';
import { DetachedCount } from '../../../src/limits/detached-count.js';

describe('places for sessions without a connection', () => {
  test('are as many as the limit says, and free again once they are left, which counts once', () => {
    const onFull = vi.fn();
    const places = new DetachedCount({ maxDetached: 2, maxDetachedPerAddress: 2 });
    const [first] = [places.add('192.0.2.1', onFull), places.add('192.0.2.2', onFull)];
    expect(places.add('192.0.2.3', onFull)).toBeUndefined();
    first?.();
    first?.();
    expect(places.add('192.0.2.3', onFull)).toBeTypeOf('function');
    expect(places.add('192.0.2.4', onFull)).toBeUndefined();
    expect(onFull).toHaveBeenCalledTimes(2);
  });

  test('are limited for each address, whose others do not matter', () => {
    const onFull = vi.fn();
    const places = new DetachedCount({ maxDetached: 10, maxDetachedPerAddress: 1 });
    expect(places.add('2001:db8::1', onFull)).toBeTypeOf('function');
    expect(places.add('2001:db8::2', onFull)).toBeUndefined();
    expect(places.add('2001:db8:0:1::1', onFull)).toBeTypeOf('function');
    expect(places.add(undefined, onFull)).toBeTypeOf('function');
  });

  test('that are missing are reported once, until one becomes free', () => {
    const onFull = vi.fn();
    const places = new DetachedCount({ maxDetached: 1, maxDetachedPerAddress: 1 });
    places.add('192.0.2.1', onFull);
    for (let n = 0; n < 5; n += 1) places.add('192.0.2.2', onFull);
    expect(onFull).toHaveBeenCalledTimes(1);
  });

  test('are none where sessions end with their connections', () => {
    expect(new DetachedCount(undefined).add('192.0.2.1', () => {})).toBeUndefined();
  });
});
