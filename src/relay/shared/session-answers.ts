import type { SessionCloseReason, SessionState } from '../../protocol/session-state.js';
import type { LiveGrants } from '../../protocol/types.js';
import type { ModeratedSession } from '../../room/moderation/moderated-session.js';
import type { Room } from '../../room/room.js';
import type { SendingPeer } from '../../sfu/sfu.js';
import { joinedElsewhere } from '../duplicate-users.js';
import type { Answers } from './process-calls.js';

interface CurrentPeer {
  readonly number: number;
  readonly generation: number | undefined;
}

export interface ChangeableSession extends ModeratedSession {
  readonly permissions: ModeratedSession['permissions'] & { change(grants: LiveGrants): Promise<void> };
  readonly roomId: string;
  readonly room: Room;
  readonly connection: 'connected' | 'detached';
  readonly state: SessionState;
  readonly peers: { readonly current: CurrentPeer; readonly isInterrupted: boolean };
  close(reason?: SessionCloseReason): Promise<void>;
}

export interface SessionAnswersSetup {
  readonly sessions: ReadonlyMap<string, ChangeableSession>;
  readonly rooms: { readonly all: ReadonlyMap<string, Room> };
  /** The peers that have sent media to the node of the room. */
  readonly sendersOf: (room: Room) => readonly SendingPeer[];
}

/** What other processes may ask for that only the process of a session can do. Each says whether it is that process. */
export function sessionAnswers({ sessions, rooms, sendersOf }: SessionAnswersSetup): Answers {
  return {
    kick: async ({ roomId, userId, reason }) => {
      const room = rooms.all.get(String(roomId));
      await room?.kick(String(userId), reason === undefined ? {} : { reason: String(reason) });
      return room !== undefined;
    },
    closeSession: async ({ sessionId }) => {
      const session = sessions.get(String(sessionId));
      await session?.close();
      return session !== undefined;
    },
    makeWay: async ({ roomId, userId }) => {
      const all = [...sessions.values()].filter((each) => each.roomId === roomId && each.userId === userId);
      const detached = all.filter(({ isNamed, connection }) => isNamed && connection === 'detached');
      const error = joinedElsewhere();
      await Promise.all(detached.map((session) => session.close({ by: 'relay', error })));
      return detached.length > 0;
    },
    senders: ({ roomId }) => {
      const room = rooms.all.get(String(roomId));
      const now = performance.now();
      return room && sendersOf(room).map(({ since, ...sender }) => ({ ...sender, ageMs: now - since }));
    },
    hasPeer: ({ sessionId, peer, generation }) => {
      const session = sessions.get(String(sessionId));
      return session !== undefined && hasPeer(session, Number(peer), Number(generation));
    },
    updateGrants: async ({ sessionId, grants }) => {
      const session = sessions.get(String(sessionId));
      await session?.permissions.change(grants as LiveGrants);
      return session !== undefined;
    },
  };
}

/** Whether the session is on the SFU with this peer, in this generation of its room. */
export function hasPeer(
  { state, peers }: Pick<ChangeableSession, 'state' | 'peers'>,
  number: number,
  generation: number,
): boolean {
  const { current, isInterrupted } = peers;
  return (
    state === 'joined' && !isInterrupted && current.number === number && current.generation === generation
  );
}
