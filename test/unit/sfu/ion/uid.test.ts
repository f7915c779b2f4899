import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUid, encodeUid } from '../../../../src/sfu/ion/uid.js';

const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed());

test('a uid on the SFU gives back room, user and session, whatever they are made of', () => {
  fc.assert(
    fc.property(id, id, id, (roomId, userId, sessionId) => {
      expect(decodeUid(encodeUid({ roomId, userId, sessionId }))).toEqual({ roomId, userId, sessionId });
    }),
  );
});

test('equal users in two rooms, or twice in one, never share a uid', () => {
  fc.assert(
    fc.property(fc.tuple(id, id, id), fc.tuple(id, id, id), (one, other) => {
      const uid = ([roomId, userId, sessionId]: [string, string, string]) =>
        encodeUid({ roomId, userId, sessionId });
      expect(uid(one) === uid(other)).toBe(one.join('\u0000') === other.join('\u0000'));
    }),
  );
});

test("a stranger's uid is none of a relay's", () => {
  for (const uid of ['', 'alice', 'a/b', 'a//c', 'a/b/c/d', 'a/b/c/2/3', 'a/b/c/0', '%/b/c'])
    expect(decodeUid(uid)).toBeUndefined();
});
