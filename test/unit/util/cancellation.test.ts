import { expect, test, vi } from 'vitest';
import { Cancellation } from '../../../src/util/cancellation.js';

test('tells whoever listens, once, and says why to who asks', () => {
  const cancellation = new Cancellation();
  const [heard, left, why] = [vi.fn(), vi.fn(), vi.fn(() => new Error('gone'))];
  cancellation.addEventListener('abort', heard);
  cancellation.addEventListener('abort', left);
  cancellation.removeEventListener('abort', left);
  expect(cancellation.aborted).toBe(false);
  expect(cancellation.reason).toBeUndefined();

  cancellation.abort(why);
  cancellation.abort(() => new Error('later'));
  expect(cancellation.aborted).toBe(true);
  expect(heard).toHaveBeenCalledOnce();
  expect(left).not.toHaveBeenCalled();
  expect(why).not.toHaveBeenCalled();
  expect(cancellation.reason).toMatchObject({ message: 'gone' });
  expect(cancellation.reason).toBe(cancellation.reason);
});
