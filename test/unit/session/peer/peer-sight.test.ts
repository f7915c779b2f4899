import { expect, test } from 'vitest';
import { PeerSight } from '../../../../src/session/peer/peer-sight.js';

test('a peer that stays while many others come and go knows the newest of their tracks', () => {
  const sight = new PeerSight({ policy: {} } as never, {} as never, {} as never);
  for (let n = 0; n < 2_000; n += 1)
    sight.note(`v=0\r\na=msid:stream-${n} track-${n}\r\na=msid:lasting lasting\r\n`);
  expect(sight.hasSeen('track-0')).toBe(false);
  expect(sight.hasSeen('track-1700')).toBe(true);
  expect(sight.hasSeen('lasting')).toBe(true);
});
