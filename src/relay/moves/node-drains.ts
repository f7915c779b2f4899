import { setTimeout as sleep } from 'node:timers/promises';
import { invalidState, RelayError } from '../../protocol/errors.js';
import type { Room } from '../../room/room.js';
import type { SfuNodeStatus } from '../../sfu/pool/options.js';
import type { SfuNode } from '../../sfu/pool/sfu-node.js';
import type { SfuPool } from '../../sfu/pool/sfu-pool.js';
import type { Logger } from '../../util/logger.js';
import {
  type DrainNodeOptions,
  type DrainReport,
  type ResolvedDrain,
  type ResolvedMove,
  type RoomMoveReport,
  readDrain,
} from './move-options.js';

/** How often the rooms and streams of a draining node are looked at. */
const LOOK_MS = 100;
/** A room that could not move, as no other node could take it, is tried again after this time. */
const RETRY_MS = 1_000;

/** The progress of a drain. `drained`: the node has no streams any more. */
export interface DrainEvent {
  readonly node: SfuNodeStatus;
  readonly state: 'draining' | 'drained' | 'cancelled';
}

interface NodeDrainsSetup {
  readonly sfu: SfuPool;
  readonly moves: {
    requireCluster(name: string): void;
    run(room: Room, move: ResolvedMove): Promise<RoomMoveReport>;
  };
  readonly logger: Logger;
  rooms(): Iterable<Room>;
  onProgress(event: DrainEvent): void;
}

/** The SFU nodes whose rooms are moved to others, so that the nodes can be stopped. */
export class NodeDrains {
  readonly #setup: NodeDrainsSetup;
  /** What ends the drains in progress, by node. */
  readonly #cancels = new Map<SfuNode, AbortController>();

  constructor(setup: NodeDrainsSetup) {
    this.#setup = setup;
  }

  /** As `relay.drainNode()`. */
  async drain(serverUrl: string, options: DrainNodeOptions): Promise<DrainReport> {
    const { sfu, moves, logger } = this.#setup;
    const drain = readDrain(options);
    moves.requireCluster('drainNode()');
    const node = sfu.requireNode(serverUrl);
    if (this.#cancels.has(node)) throw invalidState(`The node "${serverUrl}" is draining already.`);
    const cancel = new AbortController();
    this.#cancels.set(node, cancel);
    node.isDraining = true;
    logger.info({ serverUrl }, `The SFU at ${serverUrl} is draining: its rooms move to other nodes`);
    try {
      const report = await this.#empty(node, drain, cancel.signal);
      logger.info({ ...report }, `The SFU at ${serverUrl} has no streams any more`);
      this.#tell(node, 'drained');
      return report;
    } finally {
      this.#cancels.delete(node);
    }
  }

  /** As `relay.undrainNode()`. */
  undrain(serverUrl: string): void {
    const { sfu, moves } = this.#setup;
    moves.requireCluster('undrainNode()');
    const node = sfu.requireNode(serverUrl);
    if (!node.isDraining) return;
    node.isDraining = false;
    sfu.changed();
    const reason = new RelayError('ERR_RELAY_ABORTED', `The node "${serverUrl}" takes rooms again.`);
    this.#cancels.get(node)?.abort(reason);
    this.#tell(node, 'cancelled');
  }

  /** Moves all rooms, some at a time. Resolves when the node has no streams. @throws the reason of `signal` */
  async #empty(node: SfuNode, drain: ResolvedDrain, signal: AbortSignal): Promise<DrainReport> {
    const { serverUrl } = node;
    const moving = new Map<Room, Promise<void>>();
    const retries = new WeakMap<Room, number>();
    const total = { rooms: 0, moved: 0, closed: 0 };
    let told = '';
    for (;;) {
      const rooms = this.#roomsOn(node);
      const now = performance.now();
      for (const room of rooms) {
        if (moving.size >= drain.concurrency) break;
        if (moving.has(room) || now < (retries.get(room) ?? 0)) continue;
        const move = { ...{ to: undefined, reason: 'drain', signal }, deadlineMs: drain.deadlineMs };
        const done = this.#setup.moves
          .run(room, move)
          .then(({ moved, closed }) => {
            total.rooms += 1;
            total.moved += moved;
            total.closed += closed;
          })
          .catch((error) => {
            retries.set(room, performance.now() + RETRY_MS);
            if (!signal.aborted)
              this.#setup.logger.warn(
                { err: error, roomId: room.id },
                'A room could not leave a draining node',
              );
          })
          .finally(() => moving.delete(room));
        moving.set(room, done);
      }
      const { streamCount } = node.server;
      const progress = `${rooms.length} ${streamCount}`;
      if (progress !== told) this.#tell(node, 'draining');
      told = progress;
      if (moving.size === 0 && rooms.length === 0 && streamCount === 0) return { serverUrl, ...total };
      await sleep(LOOK_MS, undefined, { ref: false });
      if (!signal.aborted) continue;
      await Promise.all(moving.values());
      throw signal.reason;
    }
  }

  #roomsOn(node: SfuNode): Room[] {
    return [...this.#setup.rooms()].filter((room) => this.#setup.sfu.placementOf(room)?.node === node);
  }

  #tell(node: SfuNode, state: DrainEvent['state']): void {
    this.#setup.onProgress({ node: node.status(this.#roomsOn(node).length), state });
  }
}
