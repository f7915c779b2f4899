import type { RoomEvents } from '../../../room/participants/room-member.js';
import { noop } from '../../../util/noop.js';

/**
 * Records what the room tells a session between the moment in which it has got another process and the one in which that process can
 * serve it. Participants and tracks are described afterwards, as they are then.
 */
export class ArrivalRecorder implements RoomEvents {
  readonly #recorded: ((events: RoomEvents) => void)[] = [];
  readonly notifyParticipants = noop;
  readonly notifyTracks = noop;

  notifyMessage(...told: Parameters<RoomEvents['notifyMessage']>): void {
    this.#recorded.push((events) => events.notifyMessage(...told));
  }

  notifyDeletion(...told: Parameters<RoomEvents['notifyDeletion']>): void {
    this.#recorded.push((events) => events.notifyDeletion(...told));
  }

  notifyRoom(...told: Parameters<RoomEvents['notifyRoom']>): void {
    this.#recorded.push((events) => events.notifyRoom(...told));
  }

  /** The session is there. */
  replay(events: RoomEvents): void {
    for (const tell of this.#recorded) tell(events);
  }
}
