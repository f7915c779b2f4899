import { publishLimits } from '../access/grants.js';
import { dataChannelsLost } from '../guard/data-channels.js';
import { RelayError } from '../protocol/errors.js';
import type { Grants, LiveGrants, Role } from '../protocol/types.js';
import type { RoomSession } from '../room/participants/room-member.js';
import type { Room } from '../room/room.js';
import type { SessionEmitter } from './events/session-emitter.js';
import type { SessionPeers } from './peer/session-peers.js';
import type { SessionGrants } from './session-grants.js';
import type { SessionLifecycle } from './session-lifecycle.js';

interface SessionPermissionsSetup {
  grants: SessionGrants;
  session: RoomSession & { readonly room: Room };
  peers: SessionPeers;
  lifecycle: SessionLifecycle;
  emitter: SessionEmitter;
}

/** Applies a session's grants, and the room's mutes, to what the session publishes and receives on the SFU. */
export class SessionPermissions {
  readonly #setup: SessionPermissionsSetup;
  /** Grants or mutes changed during the join; reapply them afterwards. */
  #isStale = false;

  constructor(setup: SessionPermissionsSetup) {
    this.#setup = setup;
  }

  get current(): Readonly<Grants> {
    return this.#setup.grants.current;
  }

  get role(): Role {
    return this.#setup.grants.role;
  }

  /** The changes since authentication. */
  get changes(): LiveGrants {
    return this.#setup.grants.changes;
  }

  /**
   * Changes grants; resolves when the SFU forwards only what they allow. The session is closed where that is not possible.
   */
  async change(changes: LiveGrants): Promise<void> {
    if (this.#setup.grants.change(changes)) await this.#apply();
  }

  /** Takes over the grants of a newer token; earlier changes stay. */
  renew(grants: Grants): Promise<void> | undefined {
    return this.#setup.grants.renew(grants) ? this.#apply() : undefined;
  }

  /** The session has joined. */
  joined(): void {
    if (this.#isStale) void this.revise();
  }

  /** Removes from the SFU what the session publishes and may not publish any more; adds what it may publish again. */
  async revise(): Promise<void> {
    const { peers, lifecycle } = this.#setup;
    this.#isStale = lifecycle.state === 'joining';
    try {
      await peers.revise(() => lifecycle.state === 'joined');
    } catch (error) {
      if (lifecycle.state === 'joined') lifecycle.break(RelayError.from(error));
    }
  }

  async #apply(): Promise<void> {
    const { session, peers, lifecycle, emitter } = this.#setup;
    const { current: grants, role } = this;
    const { policy } = peers.current;
    const canSubscribe = grants.canSubscribe !== false;
    const offer = publishLimits(grants, role, policy.offer.dataChannels);
    peers.policy = { ...policy, offer, canSubscribe };
    if (policy.canSubscribe && !canSubscribe) {
      // Ion adds every new track to an auto-subscribed peer and waits for the answer to its offer: the stream has to end.
      const error = new RelayError('ERR_RELAY_FORBIDDEN', 'You may no longer receive media in this room.');
      return lifecycle.close({ by: 'application', error });
    }
    if (!offer.canPublishData && peers.hasDataChannels)
      return lifecycle.close({ by: 'relay', error: dataChannelsLost() });
    if (lifecycle.state === 'joined') {
      session.room.members.permissionsChanged(session);
      emitter.emit('grants', { grants, role });
    }
    await this.revise();
  }
}
