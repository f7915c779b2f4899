import type { Seat } from '../../backplane/backplane.js';
import type { Grants, Participant } from '../../protocol/types.js';
import type { RoomEvents, RoomSession } from '../../room/participants/room-member.js';
import { noop } from '../../util/noop.js';

/** Its own process tells it. */
const DEAF: RoomEvents = {
  notifyParticipants: noop,
  notifyTracks: noop,
  notifyMessage: noop,
  notifyRoom: noop,
  notifyDeletion: noop,
};

const MODERATOR: Grants = { roomAdmin: true };
const NO_GRANTS: Grants = {};

/** A session of another process, as the room's other participants see it. */
export class RemoteSession implements RoomSession {
  readonly id: string;
  readonly userId: string;
  /** Another one after a hand-over. */
  processId: string;
  readonly hidden: boolean;
  readonly isNamed: boolean;
  emitter: RoomEvents = DEAF;
  role: Participant['role'];
  grants: Readonly<Grants>;
  #metadata: string | undefined;

  constructor(
    participant: Participant,
    { processId = '', hidden = false, isNamed = false, moderates }: Seat,
  ) {
    this.id = participant.sessionId;
    this.userId = participant.userId;
    this.processId = processId;
    this.hidden = hidden;
    this.isNamed = isNamed;
    this.role = participant.role;
    this.grants = moderates ? MODERATOR : NO_GRANTS;
    this.#metadata = textOf(participant);
  }

  /** Returns whether the role or the grants are others than before. */
  permit(role: Participant['role'], moderates = false): boolean {
    const isSame = role === this.role && moderates === (this.grants.roomAdmin === true);
    this.role = role;
    this.grants = moderates ? MODERATOR : NO_GRANTS;
    return !isSame;
  }

  /** Returns whether the metadata are others than before. */
  describe(participant: Participant): boolean {
    const text = textOf(participant);
    const isSame = text === this.#metadata;
    this.#metadata = text;
    return !isSame;
  }
}

function textOf({ metadata }: Participant): string | undefined {
  return metadata && JSON.stringify(metadata);
}
