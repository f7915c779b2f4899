import { expect, test } from 'vitest';
import type { ModeratedSession } from '../../../src/room/moderation/moderated-session.js';
import { Room } from '../../../src/room/room.js';

function sessionOf(userId: string, more: Partial<ModeratedSession> = {}) {
  const closed: (string | undefined)[] = [];
  const session: ModeratedSession = {
    ...{ id: `${userId}'s`, userId, isNamed: true, replaces: undefined, grants: {}, tracks: [] },
    permissions: { revise: async () => {} },
    close: async ({ error }) => void closed.push(error?.code),
    ...more,
  };
  return { session, closed };
}

test('a session that has come from another process ends where its user was removed before the process could hear of it', () => {
  const room = new Room('lobby');
  const { session, closed } = sessionOf('alice');
  room.moderation.arrived(session);
  room.moderation.sessions.add(session);
  const kicks = new Map([['alice', { number: 1, reason: 'Out!' }]]);
  room.moderation.snapshot({ generation: 0, kicks });
  expect(closed).toEqual(['ERR_RELAY_REMOVED']);
});

test('one that came after the removal stays', () => {
  const room = new Room('lobby');
  const kicks = new Map([['alice', { number: 1, reason: 'Out!' }]]);
  room.log.commit(() => ({ kicks }));
  const { session, closed } = sessionOf('alice');
  room.moderation.arrived(session);
  room.moderation.sessions.add(session);
  room.moderation.snapshot(room.log.state);
  expect(closed).toEqual([]);
});

test('a lock keeps out who replaces a session from which they were removed', () => {
  const room = new Room('lobby');
  const { session } = sessionOf('alice', { replaces: 'lost' });
  room.log.commit(() => ({ locked: true }));
  expect(() => room.moderation.admit(session)).not.toThrow();
  room.log.commit(() => ({ removals: new Map([['lost', 'Out!']]) }));
  expect(() => room.moderation.admit(session)).toThrow('The room is locked');
});
