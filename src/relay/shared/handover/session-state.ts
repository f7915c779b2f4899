import type { ParticipantsEvent } from '../../../protocol/room-events.js';
import type { LiveGrants, Metadata, Participant, Role, Track } from '../../../protocol/types.js';
import type { RoomMember } from '../../../room/participants/room-member.js';
import type { Room } from '../../../room/room.js';
import type { PeersState } from '../../../session/peer/peers-elsewhere.js';
import type { OwnershipProof } from './claim.js';

/** What the process of a session's client has of it. JSON. */
export type LinkState = Readonly<Record<string, unknown>>;

/** The client of a session, whose connection has broken or is about to be replaced. */
export interface HandedLink {
  /** Whether the client can go on in another process. */
  readonly canMove: boolean;
  /** Nothing more of the client is executed here, and its connection is closed. What the session is told is kept. */
  freeze(): void;
  /** Resolves when what was begun has been answered. */
  collect(): Promise<LinkState>;
}

/** A peer that a process has of a session that is in another one. */
export interface HeldPeer {
  readonly processId: string;
  readonly peer: number;
}

/** What another process needs of a session to continue it. JSON. */
export interface SessionState {
  readonly roomId: string;
  readonly userId: string;
  readonly isNamed: boolean;
  readonly hidden: boolean;
  readonly role: Role;
  /** Changes of the grants since authentication. */
  readonly changes: LiveGrants;
  readonly metadata?: Metadata | undefined;
  /** As the client reports them. */
  readonly tracks: readonly Track[];
  readonly peers: PeersState;
  /** Those that the client has to leave when its new peer has media. */
  readonly held: readonly HeldPeer[];
  readonly proof: OwnershipProof;
  /** Whether the others were told that the client has lost its connection. */
  readonly isTold: boolean;
  /** What the client was told of the room. */
  readonly revision: number;
  readonly participants: readonly Participant[];
  readonly link: LinkState;
}

/** A session that changes its process. */
export interface MovedSession {
  readonly id: string;
  readonly room: Room;
  readonly roomId: string;
  readonly userId: string;
  readonly isNamed: boolean;
  readonly hidden: boolean;
  readonly role: Role;
  readonly permissions: { readonly changes: LiveGrants };
  readonly peers: { readonly state: PeersState };
}

/** As it is when another process takes it over: its room is told of later changes there. */
export function stateOf(
  session: MovedSession,
  member: RoomMember,
): Omit<SessionState, 'held' | 'proof' | 'link'> {
  const { id, room, roomId, userId, isNamed, hidden, role, permissions, peers } = session;
  const { participants, revision } = room.members.snapshot(id, Number.POSITIVE_INFINITY);
  const { metadata, tracks, participant } = member;
  return {
    ...{ roomId, userId, isNamed, hidden, role, metadata, tracks, participants, revision },
    changes: permissions.changes,
    peers: peers.state,
    isTold: participant.connection === 'interrupted',
  };
}

/** What a client has to be told to know the participants as this process does; undefined where it does. */
export function differenceOf(
  sessionId: string,
  { participants: before, revision: from }: SessionState,
  { members }: Room,
): ParticipantsEvent | undefined {
  members.raise(from + 1);
  const { participants, revision, audience } = members.snapshot(sessionId, Number.POSITIVE_INFINITY);
  const known = new Map(before.map((each) => [each.sessionId, JSON.stringify(each)]));
  const now = new Set(participants.map((each) => each.sessionId));
  const joined = participants.filter((each) => !known.has(each.sessionId));
  const updated = participants.filter((each) => {
    const text = known.get(each.sessionId);
    return text !== undefined && text !== JSON.stringify(each);
  });
  const left = [...known.keys()].filter((id) => !now.has(id));
  if (joined.length + updated.length + left.length === 0 && audience.count === 0) return undefined;
  return {
    ...{ from, revision, audience },
    ...(joined.length > 0 && { joined }),
    ...(updated.length > 0 && { updated }),
    ...(left.length > 0 && { left }),
  };
}
